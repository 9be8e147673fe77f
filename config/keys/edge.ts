import * as z from "zod";
import { at, type Path, type Problems } from "../cross-check";
import { must, got, pathText } from "../problems";
import { isHost, matching, positive, repeats } from "../values";
import { isWithin } from "../../dns/names";
import { optional } from "../schema";

/** Cloudflare's plans of a zone, smallest first. */
const PLANS = ["free", "pro", "business", "enterprise"] as const;
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
    matching(
        (name) => isHost(name) && name.includes(".") && !/^[\d.]+$/.test(name) && name.length <= 253,
        `be ${what} in lower case, without scheme, port or final dot`,
    );

/** Keys of the host name for callers, and of its zone at Cloudflare. */
export const edgeKeys = {
    account: matching(/^[0-9a-f]{32}$/, "be an account id, 32 hexadecimal digits in lower case").meta({
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
    tokensPerSecond: optional(z.number().positive(must("be a number above 0", "Measure it")), {
        description:
            "Slowest measured speed of Alpa for one caller, in tokens per second. The stack uses this speed to check that the longest answer is complete before the edge times out.",
        examples: [12],
        unset: "not checked",
    }),
};

/** Number of seconds that the edge waits for an answer, according to the config. */
export const edgeWaits = ({ proxyTimeoutSeconds = DEFAULT_PROXY_TIMEOUT }: Edge) => proxyTimeoutSeconds;

/**
 * The timeout that the stack sets for the whole zone. Empty if the config has no value, or if the plan allows no change.
 * Also sets a value that equals the default, because Cloudflare otherwise keeps the last timeout.
 */
export const heldTimeout = ({ proxyTimeoutSeconds }: Edge, plan: Plan) =>
    proxyTimeoutSeconds === undefined || plan !== "enterprise" ? {} : { proxyTimeoutSeconds };

/** Longest time that Alpa waits for more prompts to fill a batch, in seconds. */
const BATCH_WAIT_SECONDS = 1;

/** Warns if the longest answer may not arrive within the timeout of the edge: Alpa sends nothing before it is complete. */
export function* slowAnswers({ tokensPerSecond: rate }: { tokensPerSecond?: number }, waits: number): Iterable<string> {
    if (rate === undefined)
        return yield `alpa.tokensPerSecond: not set, so it is unknown whether ${MOST_TOKENS} tokens arrive within the ${waits} s that the edge waits. Measure it: ${MOST_TOKENS} tokens need ${Math.ceil(MOST_TOKENS / waits)} per second.`;
    const seconds = Math.ceil(MOST_TOKENS / rate) + BATCH_WAIT_SECONDS;
    const most = Math.max(0, Math.floor((waits - BATCH_WAIT_SECONDS) * rate));
    if (seconds > waits)
        yield `alpa.tokensPerSecond: ${MOST_TOKENS} tokens take ${seconds} s, and the edge waits ${waits} s. Tell callers to request at most ${most} tokens. With plan enterprise you can raise proxyTimeoutSeconds instead.`;
}

/** Cloudflare's limit of host names in an Access application. */
const MOST_HOSTNAMES = 5;
/** Longest window of a rate limit in each plan, in seconds (Cloudflare's table of rate limiting rules). */
const LONGEST_WINDOW: Record<Plan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };

/** Keys that option `cloudflare` and exposure `tunnel` have. */
interface Edge {
    hostname?: string;
    aliases?: (string | undefined)[];
    zone?: { name?: string; plan?: Plan };
    rateLimit?: { perSeconds?: number };
    proxyTimeoutSeconds?: number;
    alpa?: { answerTimeoutSeconds?: number };
    openai?: { silenceSeconds?: number };
}

/** Checks the keys of a stack behind Cloudflare's edge against each other. */
export function* edgeChecks(config: Edge): Problems {
    yield* hostnameProblems(config);
    yield* planProblems(config);
    // Alpa sends nothing before an answer is complete.
    const limit = edgeWaits(config);
    const answer = config.alpa?.answerTimeoutSeconds ?? config.openai?.silenceSeconds;
    if (answer !== undefined && answer > limit)
        yield at`${config.openai ? ["openai", "silenceSeconds"] : ["alpa", "answerTimeoutSeconds"]}: must be at most ${limit}, after which the edge answers 524 (got ${answer}). Lower it, or raise proxyTimeoutSeconds, which needs plan enterprise.`;
}

function* hostnameProblems({ hostname, aliases = [], zone: { name: zone } = {} }: Edge): Problems {
    const names: [where: Path, name?: string][] = [
        [["hostname"], hostname],
        ...aliases.map((name, i): [Path, string?] => [["aliases", i], name]),
    ];
    if (names.length > MOST_HOSTNAMES)
        yield at`${["aliases"]}: must have at most ${MOST_HOSTNAMES - 1} names (got ${aliases.length}): with hostname, Cloudflare allows ${MOST_HOSTNAMES} names in one application. Remove some.`;
    for (const [i, first] of repeats(names.map(([, name]) => name)))
        yield at`${names[i][0]}: must be listed only once (${pathText(names[first][0])} is the same). Remove it.`;
    for (const [where, name] of names)
        if (name !== undefined && zone !== undefined && !isWithin(name, zone))
            yield at`${where}: must be in zone ${zone}${got(name)}. Correct one of them.`;
}

/** Warns about names that the universal certificate of the zone does not cover: it has the zone and names one level below it. */
export function* deepNameWarnings(names: string[], zone: string): Iterable<string> {
    for (const name of names)
        if (name !== zone && name.slice(0, -zone.length - 1).includes("."))
            yield `hostname: ${name} is more than one level below ${zone}, so the universal certificate does not cover it. Order a certificate for this name.`;
}

function* planProblems({ zone, rateLimit, proxyTimeoutSeconds = DEFAULT_PROXY_TIMEOUT }: Edge): Problems {
    const has = zone?.plan;
    if (has === undefined) return;
    const window = rateLimit?.perSeconds ?? 0;
    const least = PLANS.find((one) => window <= LONGEST_WINDOW[one]);
    if (window > LONGEST_WINDOW[has] && least)
        yield at`${["rateLimit", "perSeconds"]}: must be at most ${LONGEST_WINDOW[has]} with plan ${has} (got ${window}). Lower it, or order plan ${least}.`;
    if (proxyTimeoutSeconds !== DEFAULT_PROXY_TIMEOUT && has !== "enterprise")
        yield at`${["proxyTimeoutSeconds"]}: must be ${DEFAULT_PROXY_TIMEOUT} with plan ${has} (got ${proxyTimeoutSeconds}). Another value needs plan enterprise.`;
}
