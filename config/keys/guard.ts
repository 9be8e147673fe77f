import * as z from "zod";
import { ALPA_BATCH, type GuardSettings } from "../../components/route/request-guard";
import { must } from "../problems";
import { positive, text } from "../values";
import { optional, withDefault } from "../schema";

/** Default limit of Alpa for prompt and answer together, in tokens. */
const DEFAULT_CONTEXT_TOKENS = 1024;

/** Largest context length of the models that Alpa serves (OPT and BLOOM), in tokens: OPT has 2048 positions. */
const MOST_CONTEXT_TOKENS = 2048;
/**
 * Number of tokens of BLOOM's tokenizer, the largest that Alpa serves. A prompt with a token id that the model does not
 * have ends Alpa's batch loop.
 */
const MOST_VOCABULARY = 250_680;
/**
 * Largest allowed number of prompts in one request: 16 batches of Alpa. Other callers wait for all these batches, although
 * limits count only one request.
 */
const MOST_PROMPTS = 64;

/** @param bound unit and source of the maximum in the error, for example `prompts, 16 batches of Alpa` */
const upTo = (most: number, bound: string, what: string) =>
    positive(what).refine((value) => value <= most, must(`be at most ${most} ${bound}`, "Lower it"));

export const guard = z
    .strictObject({
        off: optional(text("the reason"), {
            description: "Reason why requests that are known to stop Alpa are not rejected; each run then warns.",
            examples: ["a proxy in front checks requests"],
            unset: "the guard is on",
            reason: "One such request stops Alpa for all callers.",
        }),
        contextTokens: upTo(MOST_CONTEXT_TOKENS, "tokens, the context length of OPT and BLOOM", "a number of tokens")
            .default(DEFAULT_CONTEXT_TOKENS)
            .meta({
                description: `Context length with which Alpa was started: most tokens of prompt and answer together, at most ${MOST_CONTEXT_TOKENS}.`,
                reason: "The context length of OPT models.",
            }),
        vocabulary: upTo(MOST_VOCABULARY, "tokens, those of BLOOM's tokenizer", "a number of tokens")
            .default(50265)
            .meta({
                description: `Number of tokens that Alpa's tokenizer has, at most ${MOST_VOCABULARY}: token ids range from 0 to this number minus one.`,
                reason: "The number of tokens that OPT's tokenizer has. The OPT model has 7 more ids (50272 in all), but a request with `echo` and one of these 7 ids in a prompt ends Alpa's batch loop.",
            }),
        maxPrompts: withDefault(upTo(MOST_PROMPTS, "prompts, 16 batches of Alpa", "a number of prompts"), ALPA_BATCH, {
            description: `Most prompts in one request, at most ${MOST_PROMPTS}. A request counts as one in \`limits\`, however many prompts it has.`,
            reason: "The size of Alpa's batch.",
        }),
        minTokens: optional(positive("a number of tokens"), {
            description:
                "Largest `min_tokens` that a request may have. A higher value leaves less room for the prompts of all callers. In a batch of Alpa, the longest prompt and the largest `min_tokens` must together fit into the context length.",
            examples: [128],
            unset: "`0`",
            reason: "With 0 every combination of accepted requests fits into a batch.",
        }),
    })
    .prefault({})
    .describe(
        "The request guard. The gateway rejects requests that are known to stop Alpa (400), and does not forward them.",
    );

/** Largest allowed body in bytes: each worker of the gateway holds a body in memory while the guard reads it. */
const MOST_BODY_BYTES = 1_048_576;
/** Bytes for each token of the prompts: a token id has at most 8, and a token of a text at most 8 characters. */
const BYTES_A_TOKEN = 16;

/** Settings of the guard, with the largest body: 64 KiB by default. */
export function guardSettings({ off, ...rules }: z.infer<typeof guard>, defaultModel: string): GuardSettings {
    const bytes = rules.maxPrompts * rules.contextTokens * BYTES_A_TOKEN;
    return { ...rules, enabled: off === undefined, maxBodyBytes: Math.min(bytes, MOST_BODY_BYTES), defaultModel };
}
