import * as z from "zod";
import { ALPA_BATCH } from "../../components/route/request-guard";
import { got } from "../problems";
import { positive } from "../values";
import { enabled, reason, reasonFor } from "./reason";

/** Prompt and answer together that Alpa takes, in tokens, unless a stack says otherwise. */
export const DEFAULT_CONTEXT_TOKENS = 1024;

/** Each worker of the gateway holds a body in memory while the guard reads it. */
const MOST_BODY_BYTES = 1_048_576;

/** Key `guard`. */
export const guard = z
    .strictObject({
        enabled: enabled.default(true).describe("`false` lets requests pass that are known to stop Alpa."),
        reason: reason.describe("Why the guard is off. Needed with `enabled: false`."),
        maxBodyBytes: positive("a number of bytes")
            .refine((bytes) => bytes <= MOST_BODY_BYTES, {
                error: (i) => `must be at most ${MOST_BODY_BYTES} bytes, 1 MiB${got(i.input)}. Lower it`,
            })
            .default(65536)
            .describe(
                "Largest request body, in bytes, up to 1 MiB: four prompts of the model's length are below 32 KiB.",
            ),
        contextTokens: positive("a number of tokens")
            .default(DEFAULT_CONTEXT_TOKENS)
            .describe("Longest prompt and answer together, in tokens, as Alpa was started."),
        vocabulary: positive("a number of tokens")
            .default(50272)
            .describe("Tokens the model knows: ids from 0 to one less. The default is that of OPT."),
        maxPrompts: positive("a number of prompts")
            .default(ALPA_BATCH)
            .describe("Most prompts of one request, which counts as one in `limits`. The default is Alpa's batch."),
        minTokens: positive("a number of tokens")
            .optional()
            .describe(
                "Largest `min_tokens` of a request; it [shortens every caller's prompts](architecture.md#min_tokens). Unset: 0.",
            ),
    })
    .check(reasonFor(false, "Say why requests that stop Alpa may pass"))
    .prefault({})
    .describe("What is refused before it reaches Alpa, because it is known to stop it.");
