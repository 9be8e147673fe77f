import * as z from "zod";
import { ALPA_BATCH } from "../../components/route/request-guard";
import { got } from "../problems";
import { positive } from "../values";
import { enabled, reason, reasonFor } from "./reason";

/** Default limit of Alpa for prompt and answer together, in tokens. */
const DEFAULT_CONTEXT_TOKENS = 1024;

/** Largest allowed body: each worker of the gateway holds a body in memory while the guard reads it. */
const MOST_BODY_BYTES = 1_048_576;
/** The length of the models that Alpa serves, OPT and BLOOM: OPT has no more positions. */
const MOST_CONTEXT_TOKENS = 2048;
/**
 * Number of tokens of BLOOM's tokenizer, the largest that Alpa serves. An id that the model does not have ends Alpa's
 * batch loop.
 */
const MOST_VOCABULARY = 250_680;
/** 16 batches of Alpa. Requests of other callers wait for all of them, and a limit counts the request as one. */
const MOST_PROMPTS = 64;

/** @param bound unit of the maximum, and its reason, for the error */
const upTo = (most: number, bound: string, what: string) =>
    positive(what).refine((value) => value <= most, {
        error: (i) => `must be at most ${most} ${bound}${got(i.input)}. Lower it`,
    });

/** Key `guard`. */
export const guard = z
    .strictObject({
        enabled: enabled.default(true).meta({
            description: "Whether requests that are known to stop Alpa are rejected.",
            reason: "One such request stops Alpa for all callers.",
        }),
        reason: reason.meta({
            description: "Reason why the guard is off. Required with `enabled: false`; each run then warns.",
            examples: ["a proxy in front checks requests"],
            unset: "not set",
        }),
        maxBodyBytes: upTo(MOST_BODY_BYTES, "bytes, 1 MiB", "a number of bytes").default(65536).meta({
            description: "Largest request body, in bytes, at most 1 MiB.",
            reason: "Four prompts of the model's length are below 32 KiB.",
        }),
        contextTokens: upTo(MOST_CONTEXT_TOKENS, "tokens, the length of OPT and BLOOM", "a number of tokens")
            .default(DEFAULT_CONTEXT_TOKENS)
            .meta({
                description: `Longest prompt and answer together, in tokens, at most ${MOST_CONTEXT_TOKENS}: the value that Alpa was started with.`,
                reason: "The length of OPT models.",
            }),
        vocabulary: upTo(MOST_VOCABULARY, "tokens, those of BLOOM's tokenizer", "a number of tokens")
            .default(50265)
            .meta({
                description: `Number of tokens that Alpa's tokenizer has, at most ${MOST_VOCABULARY}: token ids range from 0 to one less.`,
                reason: "The tokenizer of OPT. The model itself has 50272, and `echo` of one of the other 7 ends Alpa's batch loop.",
            }),
        maxPrompts: upTo(MOST_PROMPTS, "prompts, 16 batches of Alpa", "a number of prompts")
            .default(ALPA_BATCH)
            .meta({
                description: `Most prompts in one request, at most ${MOST_PROMPTS}. A request counts as one in \`limits\`, however many prompts it has.`,
                reason: "The size of Alpa's batch.",
            }),
        minTokens: positive("a number of tokens")
            .optional()
            .meta({
                description:
                    "Largest `min_tokens` of a request. A higher value shortens the longest prompt that any caller may send, since all requests of a batch must fit into the model's length together.",
                examples: [128],
                unset: "`0`",
                reason: "With 0 every combination of accepted requests fits into a batch.",
            }),
    })
    .check(reasonFor({ enabled: false }, "Give the reason why requests that stop Alpa may pass"))
    .prefault({})
    .describe("The request guard: requests that are known to stop Alpa get 400 before they reach it.");
