import * as z from "zod";
import { endpoint, positive, text } from "../values";
import { answerKeys } from "./exposure/schema";
import { alpaWatchdog } from "./hosts/alpa-watchdog";

/** What the gateway waits for one answer, in seconds, unless the config or the edge in front says otherwise. */
export const DEFAULT_ANSWER_SECONDS = 600;

/** Keys of `alpa` in every option with a gateway. */
export const alpaKeys = {
    answerTimeoutSeconds: positive("a time in seconds")
        .optional()
        .describe(
            `Longest time one answer may take, in seconds. Unset: ${DEFAULT_ANSWER_SECONDS}; with exposure \`tunnel\` 5 less than \`proxyTimeoutSeconds\`.`,
        ),
    defaultModel: text("the name of a model")
        .default("default")
        .describe("Name of the model that a request without `model` is for, as Alpa was started with."),
    ...answerKeys,
    watchdog: alpaWatchdog.optional(),
};

/** Key `alpa` of the options whose gateway is on the nodes of Alpa. */
export const alpa = z
    .strictObject({
        endpoints: z
            .array(endpoint)
            .min(1, { error: "must name at least one Alpa service. Write for example [10.20.96.188:20001]" })
            .describe("`host:port` of each Alpa service, as seen from the cluster. The first serves `/logprobs`."),
        ...alpaKeys,
    })
    .describe("The Alpa service behind the gateway, which stays as it is.");
