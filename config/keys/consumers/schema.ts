import * as z from "zod";
import { callerLimits, type Limits } from "../../../components/consumers/limits";
import { ALGORITHMS, PUBLIC_KEY_NAMES } from "../../../components/consumers/signing-algorithms";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import { callerClass } from "../classes";
import { day, DEFAULT_OVERLAP_DAYS } from "./credentials";
import type { ParsedGatewayOption } from "../gateway-option";
import { callerModels } from "../openai";
import { got } from "../../problems";
import { consumerName, dnsLabel, positive, unquotedText, LABEL_LIMIT, repeats } from "../../values";
import { optional } from "../../schema";

const REVOCATION_ID = /^revocation-[0-9a-f]{8}$/;

export const credential = z.strictObject({
    id: dnsLabel.meta({ description: "Name of the credential, unique within its consumer.", examples: ["2026a"] }),
    method: z
        .enum(["key", "jwt"], {
            // The message quotes the value only if it is a known method. Another value could be a credential that was
            // written into the wrong key.
            error: (i) =>
                i.input === "service-token"
                    ? 'only valid with option cloudflare (got "service-token"). Use key or jwt.'
                    : "must be key or jwt.",
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
    algorithm: optional(z.enum(ALGORITHMS, { error: () => `must be one of ${ALGORITHMS.join(", ")}.` }), {
        description:
            "Signing algorithm, with method `jwt`. `HS256` uses a generated secret; the others need `publicKey`.",
        examples: ["RS256"],
        unset: "not set; required with method `jwt`",
    }),
    publicKey: optional(z.string({ error: () => "must be a string in PEM form." }).meta({ mayBeSecret: true }), {
        description: `Public key of the caller in PEM form, for ${PUBLIC_KEY_NAMES}. An RSA key needs 2048 bits.`,
        examples: ["-----BEGIN PUBLIC KEY-----…"],
        unset: "with `HS256`, a secret is generated",
    }),
    key: unquotedText.meta({ secret: "key.txt" }).optional().meta({
        description: "An existing key of the caller, as a secret, with at least 16 characters.",
        unset: "a key is generated",
    }),
    readmit: optional(
        z.string({ error: () => "must be a string." }).regex(REVOCATION_ID, {
            error: () =>
                "must be the id of a revocation, for example revocation-0123abcd. The error of pulumi up names it.",
        }),
        {
            description:
                "Id of a revocation that this entry reverts: the revoked key is accepted again. The error of `pulumi up` names the id.",
            examples: ["revocation-0123abcd"],
            unset: "a revoked key stays revoked",
        },
    ),
});

const limit = (what: string, example: number, description: string) =>
    optional(positive(what), { description, examples: [example], unset: "no such limit" });
type Key = "requests" | "perSeconds" | "tokens" | "perTokenSeconds";

/** Rule that a limit and its window are set together. */
const together = (amount: Key, window: Key) =>
    z.refine<{ [key in Key]?: number }>((limits) => (limits[amount] === undefined) === (limits[window] === undefined), {
        error: `must have ${amount} and ${window} together. Set both keys, or remove both.`,
    });

export const limits = z
    .strictObject({
        requests: limit("a number of requests", 60, "Number of requests allowed in each window of `perSeconds`."),
        perSeconds: limit("a window in seconds", 60, "Length of the window, in seconds. Required with `requests`."),
        concurrent: limit("a number of requests", 2, "Number of requests that may be open at the same time."),
        maxTokens: limit(
            "a number of tokens",
            4096,
            "Number of tokens that one request may generate. Each request must set `max_tokens` to at most this number. Only with `openai`.",
        ).meta({
            reason: "OpenAI's SDKs do not set `max_tokens` by themselves, so this limit rejects requests of most programs at first.",
        }),
        tokens: limit(
            "a number of tokens",
            2_000_000,
            "Number of tokens of prompts and answers allowed in each window of `perTokenSeconds`. Needs `maxTokens` and `concurrent`. Only with `openai`.",
        ),
        perTokenSeconds: limit(
            "a window in seconds",
            86_400,
            "Length of the window for `tokens`, in seconds. Required with `tokens`.",
        ),
    })
    .check(together("requests", "perSeconds"), together("tokens", "perTokenSeconds"))
    .meta({ examples: [{ requests: 60, perSeconds: 60, concurrent: 2 }] });

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

export const maxOverlapDays = positive("a number of days").default(DEFAULT_OVERLAP_DAYS).meta({
    description:
        "Longest time for which `consumer rotate` keeps the old credential valid next to its successor, in days.",
    reason: "Three months are enough for the slowest caller; during that time a leaked old credential still works.",
});

type Config = Sound<ParsedGatewayOption>;

const OF_TOKENS = ["maxTokens", "tokens", "perTokenSeconds"] as const;
/** What limits the tokens of the requests that are open when a budget is used up. */
const BOUNDS = ["maxTokens", "concurrent"] as const;

/**
 * Checks the limits in tokens. They need a server of kind openai: requests to Alpa say nothing about tokens in a form that
 * the gateway can check.
 */
export function* tokenLimitProblems({ limits, consumers = [] }: Config, server: "alpa" | "openai"): Problems {
    yield* ofLimits(["limits"], limits, limits, server);
    for (const [i, one] of consumers.entries()) {
        const all = callerLimits(limits, one?.limits);
        yield* ofLimits(["consumers", i, "limits"], one?.limits, all, server);
        if (all.tokens !== undefined && one?.class !== undefined)
            yield at`${["consumers", i, "class"]}: must not be set for a caller with limits.tokens${got(one.class)}, since a class replaces the caller's limit on open requests. Remove class or tokens.`;
    }
}

/** @param inForce these limits, with the stack's for those that are not set here */
function* ofLimits(where: Path, limits: Limits = {}, inForce: Limits = {}, server: "alpa" | "openai"): Problems {
    if (server === "alpa")
        for (const key of OF_TOKENS)
            if (limits[key] !== undefined) yield at`${[...where, key]}: only valid with openai (got alpa). Remove it.`;
    const missing = BOUNDS.filter((key) => inForce[key] === undefined);
    if (server === "openai" && limits.tokens !== undefined && missing.length > 0)
        yield at`${[...where, "tokens"]}: needs maxTokens and concurrent, which bound what open requests use beyond it. Set ${missing.join(" and ")} too.`;
}

export function* duplicateNames(consumers: Sound<{ name: string; credentials: { id: string }[] }[]>): Problems {
    for (const name of repeated(consumers.map((one) => one?.name)))
        yield at`${["consumers"]}: every name must be unique (got ${name} twice). Rename one, or put all their credentials under one name.`;
    for (const one of consumers)
        for (const id of repeated((one?.credentials ?? []).map((credential) => credential?.id)))
            yield at`${["consumers"]}: every credential id of ${one?.name} must be unique (got ${id} twice). Rename one.`;
}

/** Names that a list has more than once. */
export function repeated(names: (string | undefined)[]): Set<string> {
    return new Set(repeats(names).map(([i]) => names[i]!));
}

/** Checks the length of a name that is built from other names. */
export function* tooLong(where: Path, name: string, limit = LABEL_LIMIT): Problems {
    if (name.length > limit)
        yield at`${where}: ${name} must be at most ${limit} characters (got ${name.length}). Shorten a part of it.`;
}
