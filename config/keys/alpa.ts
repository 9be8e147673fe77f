import * as z from "zod";
import { endpoint, positive, text } from "../values";
import { answerKeys } from "./edge";
import { optional } from "../schema";

/** Default of `answerTimeoutSeconds` for a gateway that has no edge in front of it. */
export const DEFAULT_ANSWER_SECONDS = 600;

export const defaultModel = text("the name of a model").default("default").meta({
    description: "Value of `model` for requests that do not name a model. Use the name with which Alpa was started.",
    reason: "The name under which Alpa's own server serves its model.",
});

export const alpa = z
    .strictObject({
        endpoints: z
            .array(endpoint)
            .min(1, { error: "must name at least one Alpa service. Write for example [10.20.96.188:20001]." })
            .meta({
                description:
                    "Address of each Alpa service, `host:port`, as the cluster reaches it. With `intra-a`, only the first service gets requests to `/logprobs`, because each service has its own cache for them; with `inter`, those of one caller go to one service.",
                examples: [["10.20.96.188:20001"]],
            }),
        answerTimeoutSeconds: optional(positive("a time in seconds"), {
            description: "Longest time that one answer may take, in seconds. After that time the gateway answers 504.",
            examples: [900],
            unset: `\`${DEFAULT_ANSWER_SECONDS}\`; with exposure \`tunnel\`, \`proxyTimeoutSeconds\` minus 5 seconds`,
            reason: "The longest answers take minutes, and Alpa sends nothing before an answer is complete.",
        }),
        defaultModel,
        ...answerKeys,
    })
    .describe("The Alpa service behind the gateway. The stack does not change it.");
