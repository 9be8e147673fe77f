import * as z from "zod";
import { must } from "../../problems";
import { isHost, positive } from "../../values";

/** Cloudflare's plans of a zone, smallest first. */
export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];
/**
 * Default wait of the edge for the first byte of an answer, in seconds. After that the edge answers 524. Source: Cloudflare's
 * table of connection limits since 2026 (change 32243 of cloudflare-docs); it was 100 before.
 */
export const DEFAULT_PROXY_TIMEOUT = 125;
/** Longest wait of the edge that plan Enterprise can set, in seconds. */
const LONGEST_PROXY_TIMEOUT = 6000;
/** Most tokens of one answer: the context length of OPT models, in tokens of prompt and answer together. */
const MOST_TOKENS = 1024;

export const domain = (what: string) =>
    z
        .string()
        .refine(
            (name) => isHost(name) && name.includes(".") && !/^[\d.]+$/.test(name) && name.length <= 253,
            must(`be ${what} in lower case, without scheme, port or final dot`),
        );

/** Keys of the host name for callers, and of its zone at Cloudflare. */
export const edgeKeys = {
    account: z
        .string()
        .refine((id) => /^[0-9a-f]{32}$/.test(id), must("be an account id, 32 hexadecimal digits in lower case"))
        .meta({
            description: "Id of the Cloudflare account, as in the address of its dashboard.",
            examples: ["0123456789abcdef0123456789abcdef"],
        }),
    hostname: domain("a host name, for example llm.example.com,").meta({
        description: "Host name that callers use, one level below the zone.",
        examples: ["llm.example.com"],
    }),
    zone: z
        .strictObject({
            name: domain("the name of a zone, for example example.com,").meta({
                description: "Name of the zone that the host names are in.",
                examples: ["example.com"],
            }),
            manage: z.enum(["existing", "create"]).default("existing").meta({
                description: "`existing` uses a zone that exists; `create` creates it, and never deletes it.",
                reason: "A zone usually exists before this stack.",
            }),
            plan: z.enum(PLANS).meta({
                description: "Plan of the zone. Settings that the plan does not include are rejected.",
                examples: ["pro"],
            }),
        })
        .describe("The DNS zone at Cloudflare."),
    browserChecks: z.enum(["skip", "keep"]).default("skip").meta({
        description:
            "`skip` exempts client libraries from Cloudflare's browser checks, which would answer 403. `keep` leaves the checks on.",
        reason: "Callers are programs, not browsers.",
    }),
    proxyTimeoutSeconds: positive("a time in seconds")
        .refine(
            (n) => n <= LONGEST_PROXY_TIMEOUT,
            must(`be at most ${LONGEST_PROXY_TIMEOUT}, the longest wait that Cloudflare allows`, "Lower it"),
        )
        .optional()
        .meta({
            description: `Longest wait of the edge for an answer, in seconds. A value other than ${DEFAULT_PROXY_TIMEOUT} needs plan \`enterprise\`, and applies to the whole zone.`,
            examples: [300],
            unset: `the zone keeps its value, which is ${DEFAULT_PROXY_TIMEOUT} unless it was changed`,
        }),
};

/** Keys of `alpa` that are used only behind Cloudflare. */
export const answerKeys = {
    tokensPerSecond: z
        .number()
        .positive(must("be a number above 0", "Measure it"))
        .optional()
        .meta({
            description:
                "Slowest measured speed of Alpa for one caller, in tokens per second. The stack uses this speed to check that the longest answer is complete before the edge times out.",
            examples: [12],
            unset: "not checked",
        }),
};

interface EdgeWait {
    proxyTimeoutSeconds?: number;
}

/** Number of seconds that the edge waits for an answer, according to the config. */
export function edgeWaits({ proxyTimeoutSeconds }: EdgeWait): number {
    return proxyTimeoutSeconds ?? DEFAULT_PROXY_TIMEOUT;
}

/**
 * The timeout that the stack sets for the whole zone. Empty if the config has no value, or if the plan allows no change.
 * Also sets a value that equals the default, because Cloudflare otherwise keeps the last timeout.
 */
export function heldTimeout({ proxyTimeoutSeconds }: EdgeWait, plan: Plan): EdgeWait {
    return proxyTimeoutSeconds === undefined || plan !== "enterprise" ? {} : { proxyTimeoutSeconds };
}

/** Longest time that Alpa waits for more prompts to fill a batch, in seconds. */
const BATCH_WAIT_SECONDS = 1;

/** Warns if the longest answer may not arrive within the timeout of the edge: Alpa sends nothing before it is complete. */
export function slowAnswers({ tokensPerSecond: rate }: { tokensPerSecond?: number }, waits: number): string[] {
    if (rate === undefined)
        return [
            `alpa.tokensPerSecond: not set, so it is unknown whether ${MOST_TOKENS} tokens arrive within the ${waits} s that the edge waits. Measure it: ${MOST_TOKENS} tokens need ${Math.ceil(MOST_TOKENS / waits)} per second.`,
        ];
    const seconds = Math.ceil(MOST_TOKENS / rate) + BATCH_WAIT_SECONDS;
    if (seconds <= waits) return [];
    const most = Math.max(0, Math.floor((waits - BATCH_WAIT_SECONDS) * rate));
    return [
        `alpa.tokensPerSecond: ${MOST_TOKENS} tokens take ${seconds} s, and the edge waits ${waits} s. Tell callers to request at most ${most} tokens. With plan enterprise you can raise proxyTimeoutSeconds instead.`,
    ];
}
