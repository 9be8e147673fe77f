import * as z from "zod";
import { OPENAI_PATHS } from "../../components/openai/paths";
import { at, unwanted, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { got, must } from "../problems";
import { isGiven, list, mapping, type Raw } from "../unchecked";
import { endpoint, HEADER_SAFE, positive, repeats, unquotedText } from "../values";
import { optional } from "../schema";

/** Largest allowed body: images in a chat are inside the body. */
const MOST_BODY_BYTES = 104_857_600;
/** Names of models as servers have them: `Qwen/Qwen3-32B`, `llama3.1:8b`, `/models/opt-175b`. */
const MODEL = /^[\w/][\w./:@+-]*$/;

const model = z.string().regex(MODEL, must("be the name of a model: letters, digits and . _ - / : @ +", "Correct it"));
/** A list without an entry that it has twice. @param what one entry */
const once = <T extends z.ZodType<string>>(what: string, one: T) =>
    z.array(one).superRefine((list, ctx) => {
        for (const [i] of repeats(list).slice(0, 1))
            ctx.addIssue(`must have every ${what} only once (got ${list[i]} twice). Remove one of them.`);
    });
const models = once("model", model);

export const callerModels = models
    .min(1, { error: "must name at least one model. Add a model, or remove the key." })
    .optional()
    .meta({
        description: "Models that the caller may use, from `openai.models`. Only with `openai`.",
        examples: [["Qwen/Qwen3-32B"]],
        unset: "all models of the stack",
    });

const endpoints = z.array(endpoint).meta({
    description: "Address of each server, `host:port`, with the same models. Requests are distributed over them.",
    examples: [["10.20.96.188:8000"]],
});

const common = {
    paths: once("path", z.enum(OPENAI_PATHS))
        .min(1, { error: "must name at least one path. Add one, or remove the key." })
        .default([...OPENAI_PATHS])
        .meta({
            description:
                "Paths below `/v1/` that callers may use. Every other path is 404, with and without a credential.",
            reason: "Requests to other paths of such servers, for example `responses`, can go on without their caller, or are not limited by `maxTokens`.",
        }),
    silenceSeconds: optional(positive("a time in seconds"), {
        description:
            "Longest wait between two bytes of an answer, in seconds. A stream may last longer than that. An answer that is not a stream must be complete within that time.",
        examples: [900],
        unset: "`600`; with exposure `tunnel`, `proxyTimeoutSeconds` minus 5 seconds; with option `cloudflare`, `proxyTimeoutSeconds`",
        reason: "A server sends nothing while a request waits in its queue.",
    }),
    longestAnswerSeconds: positive("a time in seconds").default(600).meta({
        description:
            "Longest time for which a stopping pod of the gateway, or a connector, waits for an answer, in seconds. A longer stream is cut off then. Connectors wait at most 180 seconds.",
        reason: "Few answers take more than ten minutes.",
    }),
};

/** Keys of `openai` in an option with a gateway. */
const openaiKeys = {
    endpoints: endpoints.min(1, { error: "must name at least one server. Write for example [10.20.96.188:8000]." }),
    models: models.min(1, { error: "must name at least one model. Add the names that the server has." }).meta({
        description:
            "Names of the models that callers may use, as the server has them. A request for another model gets 403. The gateway answers `GET /v1/models` with those that the caller may use.",
        examples: [["Qwen/Qwen3-32B"]],
    }),
    serverKey: unquotedText.meta({ secret: "server-key.txt" }).optional().meta({
        description: "Key of the server (`--api-key` of vLLM), as a secret. Callers never see it.",
        unset: "requests to the server have no key",
    }),
    ...common,
    maxBodyBytes: positive("a number of bytes")
        .refine((n) => n <= MOST_BODY_BYTES, must(`be at most ${MOST_BODY_BYTES} bytes, 100 MiB`, "Lower it"))
        .default(10_485_760)
        .meta({
            description: "Largest request body, in bytes, at most 100 MiB.",
            reason: "A long context or a few images fit into 10 MiB.",
        }),
};

const OPENAI = {
    description:
        "An OpenAI-compatible server, for example vLLM, instead of `alpa`. Callers use `/v1`. The stack does not change the server.",
    unset: "the server is `alpa`",
};
export const openai = z.strictObject(openaiKeys).optional().meta(OPENAI);

export const edgeOpenai = z
    .strictObject({
        endpoints: endpoints.length(1, { error: "must name exactly one server. Write for example [127.0.0.1:8000]." }),
        ...common,
    })
    .optional()
    .meta(OPENAI);

export type ParsedOpenai = z.infer<z.ZodObject<typeof openaiKeys>>;

/** Name of the key with the server. */
export const serverKind = (given: Raw) => (isGiven(given, "openai") ? "openai" : "alpa");

/** Keys of each option that only Alpa has. Those of a conversion, because Alpa is the only server that the stack can install. */
const OF_ALPA: Record<"intra-a" | "intra-b" | "inter" | "cloudflare", string[]> = {
    "intra-a": ["guard", "pathPrefix", "opt", "convert"],
    "intra-b": [],
    inter: ["guard", "pathPrefix"],
    cloudflare: ["pathPrefix", "edgeWorker"],
};

export function* serverProblems(option: keyof typeof OF_ALPA, given: Raw): Problems {
    const [alpa, openai] = ["alpa", "openai"].map((key) => isGiven(given, key));
    if (!openai && !alpa)
        yield at`${["alpa"]}: required. Set alpa.endpoints to host:port of the Alpa service, or set openai for another server.`;
    if (!openai) return;
    if (alpa) yield at`${["openai"]}: only valid without alpa: a stack has one server. Remove one of them.`;
    yield* unwanted(given, OF_ALPA[option], "only valid with alpa, not with openai. Remove it.");
}

/** Checks the keys of an option with a gateway that depend on the server. */
export function* openaiProblems(config: Sound<ParsedGatewayOption>, given: Raw): Problems {
    if (serverKind(given) === "alpa") {
        for (const [i, one] of list(given.consumers).entries())
            if (mapping(one).models !== undefined)
                yield at`${["consumers", i, "models"]}: only valid with openai (got alpa). Remove it.`;
        return;
    }
    const { consumers = [], openai: { models, serverKey } = {}, gateway } = config;
    if (serverKey !== undefined && !HEADER_SAFE.test(serverKey))
        yield at`${["openai", "serverKey"]}: must be visible ASCII without blanks or line breaks. Correct it.`;
    if (serverKey !== undefined && gateway?.installer === "existing")
        yield at`${["openai", "serverKey"]}: only valid with a gateway that this stack installs (got gateway.installer existing), since an environment variable of its pods has the key. Remove it, and let only the gateway's nodes reach the server.`;
    for (const [i, one] of consumers.entries()) {
        for (const name of one?.models ?? [])
            if (models?.includes(name) === false)
                yield at`${["consumers", i, "models"]}: must be in openai.models${got(name)}. Add it there, or correct the name.`;
        for (const [j, entry] of (one?.credentials ?? []).entries())
            if (entry?.key?.includes("."))
                yield at`${["consumers", i, "credentials", j, "key"]}: must have no dot with openai, since a Bearer value with a dot is a JWT. Remove it, and the stack generates a key.`;
    }
}
