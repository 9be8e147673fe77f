import * as z from "zod";
import { ALGORITHMS, PUBLIC_KEY_NAMES } from "../../../components/consumers/signing-algorithms";
import { day, DEFAULT_OVERLAP_DAYS } from "./credentials";
import { callerClass } from "../classes/schema";
import { callerModels } from "../openai";
import { consumerName, dnsLabel, positive, problem, unquotedText } from "../../values";

/** Id of a revocation in the record of revocations. */
const REVOCATION_ID = /^revocation-[0-9a-f]{8}$/;

export const credential = z.strictObject({
    id: dnsLabel.meta({ description: "Name of the credential, unique within its consumer.", examples: ["2026a"] }),
    method: z
        .enum(["key", "jwt"], {
            // The message quotes the value only if it is a known method. Another value could be a credential that was
            // written into the wrong key.
            error: (i) =>
                i.input === "service-token"
                    ? 'only valid with option cloudflare (got "service-token"). Use key or jwt'
                    : "must be key or jwt",
        })
        .meta({
            description:
                "How the caller authenticates: `key` in the header `apikey`, `jwt` with a token in `Authorization`.",
            examples: ["key"],
        }),
    expires: day.optional().meta({
        description: "Expiry date (UTC). The first `pulumi up` on that day or later removes the credential.",
        examples: ["2027-01-31"],
        unset: "the credential works until its entry is removed",
    }),
    algorithm: z
        .enum(ALGORITHMS, { error: () => `must be one of ${ALGORITHMS.join(", ")}` })
        .optional()
        .meta({
            description:
                "Signing algorithm, with method `jwt`. `HS256` uses a generated secret; the others need `publicKey`.",
            examples: ["RS256"],
            unset: "not set; required with method `jwt`",
        }),
    publicKey: z
        .string({ error: () => "must be a string in PEM form" })
        .meta({ mayBeSecret: true })
        .optional()
        .meta({
            description: `Public key of the caller in PEM form, for ${PUBLIC_KEY_NAMES}. An RSA key needs 2048 bits.`,
            examples: ["-----BEGIN PUBLIC KEY-----…"],
            unset: "with `HS256`, a secret is generated",
        }),
    key: unquotedText.meta({ secret: "key.txt" }).optional().meta({
        description: "An existing key of the caller, as a secret, with at least 16 characters.",
        unset: "a key is generated",
    }),
    readmit: z
        .string({ error: () => "must be a string" })
        .regex(REVOCATION_ID, {
            error: () =>
                "must be the id of a revocation, for example revocation-0123abcd. The error of pulumi up names it",
        })
        .optional()
        .meta({
            description:
                "Id of a revocation that this entry reverts: the revoked key is accepted again. The error of `pulumi up` names the id.",
            examples: ["revocation-0123abcd"],
            unset: "a revoked key stays revoked",
        }),
});

/** Limits with their windows. */
const PAIRS = [
    ["requests", "perSeconds"],
    ["tokens", "perTokenSeconds"],
] as const;

export const limits = z
    .strictObject({
        requests: positive("a number of requests")
            .optional()
            .meta({
                description: "Number of requests allowed in each window of `perSeconds`.",
                examples: [60],
                unset: "no such limit",
            }),
        perSeconds: positive("a window in seconds")
            .optional()
            .meta({
                description: "Length of the window, in seconds. Required with `requests`.",
                examples: [60],
                unset: "no such limit",
            }),
        concurrent: positive("a number of requests")
            .optional()
            .meta({
                description: "Number of requests that may be open at the same time.",
                examples: [2],
                unset: "no such limit",
            }),
        maxTokens: positive("a number of tokens")
            .optional()
            .meta({
                description:
                    "Number of tokens that one request may generate. Each request must set `max_tokens` to at most this number. Only with `openai`.",
                examples: [4096],
                unset: "no such limit",
                reason: "OpenAI's SDKs do not set `max_tokens` by themselves, so this limit rejects requests of most programs at first.",
            }),
        tokens: positive("a number of tokens")
            .optional()
            .meta({
                description:
                    "Number of tokens of prompts and answers allowed in each window of `perTokenSeconds`. Needs `maxTokens` and `concurrent`. Only with `openai`.",
                examples: [2_000_000],
                unset: "no such limit",
            }),
        perTokenSeconds: positive("a window in seconds")
            .optional()
            .meta({
                description: "Length of the window for `tokens`, in seconds. Required with `tokens`.",
                examples: [86_400],
                unset: "no such limit",
            }),
    })
    .check((ctx) => {
        for (const [amount, window] of PAIRS)
            if ((ctx.value[amount] === undefined) !== (ctx.value[window] === undefined))
                ctx.issues.push(
                    problem(ctx.value, `must have ${amount} and ${window} together`, "Set both keys, or remove both", {
                        quote: false,
                    }),
                );
    })
    .meta({ examples: [{ requests: 60, perSeconds: 60, concurrent: 2 }] });

/** One caller of a gateway. */
export const consumer = z.strictObject({
    name: consumerName.meta({
        description: "Name of the caller. Its username in APISIX is `<namespace>_<name>`.",
        examples: ["mbzuai-nlp"],
    }),
    class: callerClass,
    models: callerModels,
    limits: limits.optional().meta({ description: "Limits of this caller.", unset: "the limits of the stack" }),
    credentials: z
        .array(credential)
        .describe("Credentials of the caller. All of them are valid; removing an entry revokes that credential only."),
});

/** Key `maxOverlapDays` of an option with a gateway. */
export const maxOverlapDays = positive("a number of days").default(DEFAULT_OVERLAP_DAYS).meta({
    description:
        "Longest time for which `consumer rotate` keeps the old credential valid next to its successor, in days.",
    reason: "Three months are enough for the slowest caller; during that time a leaked old credential still works.",
});
