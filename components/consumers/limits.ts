import { createHash } from "node:crypto";
import { countedIn, openRequests, refusedBy, type Counters } from "../apisix/open-requests";
import { OVER_OPEN } from "../route/route-plugin";

/** Limits of one caller. */
export interface Limits {
    /** Requests in each window of `perSeconds`. Both are set, or neither. */
    requests?: number;
    /** Length of the window, in seconds. */
    perSeconds?: number;
    /** Requests open at the same time. */
    concurrent?: number;
    /** Tokens that one request may generate. The rules of the route enforce it. */
    maxTokens?: number;
    /** Tokens of prompts and answers in each window of `perTokenSeconds`. Both are set, or neither. */
    tokens?: number;
    /** Length of the window for tokens, in seconds. */
    perTokenSeconds?: number;
}

/** Names of the limits, as in the config. */
export const LIMITS = [
    "requests",
    "perSeconds",
    "concurrent",
    "maxTokens",
    "tokens",
    "perTokenSeconds",
] as const satisfies (keyof Limits)[];

/** Limits of a caller: its own, and the stack's defaults for limits that it does not set. */
export function callerLimits(ofStack: Limits | undefined, own: Limits | undefined): Limits {
    return { ...ofStack, ...own };
}

/** Whether any caller has a limit that the gateway counts. `maxTokens` is about one request and counts nothing. */
export function hasLimits(callers: { limits: Limits }[]): boolean {
    return callers.some(({ limits: { maxTokens: _, ...counted } }) => Object.keys(counted).length > 0);
}

/** Warning about limits at a gateway with an unknown number of pods. */
export const COUNTED_APART =
    "limits: each APISIX pod of the existing gateway counts on its own, so with several pods a caller gets several times its limit. See docs/set-up/intra-a.md.";

/** An APISIX plugin in a Consumer object. */
export interface ConsumerPlugin {
    name: string;
    config: Record<string, unknown>;
}

/**
 * Plugins that enforce a caller's limits, for all its credentials together. APISIX counts each consumer's plugin
 * separately, so a change of one consumer resets no other count. The plugins that count in windows have no text for a 429,
 * because each change of a setting restarts the count: the route writes the text ({@link OVER_LIMIT}).
 * @param scope namespace of the consumer, part of the group's name: groups with the same name must have the same settings
 * @param counters counter server. Default: none, and each APISIX pod counts for itself
 */
export function limitPlugins(limits: Limits, scope: string, counters?: Counters): ConsumerPlugin[] {
    const { requests, perSeconds, concurrent, tokens, perTokenSeconds } = limits;
    const plugins: ConsumerPlugin[] = [];
    if (concurrent !== undefined) {
        const message = `${OVER_OPEN.caller} ${concurrent} requests at the same time`;
        plugins.push({ name: "limit-conn", config: openRequests(concurrent, "consumer_name", message, counters) });
    }
    if (requests !== undefined && perSeconds !== undefined) {
        const config = {
            ...refusedBy("consumer_name"),
            count: requests,
            time_window: perSeconds,
            ...countedIn(counters),
        };
        plugins.push({ name: "limit-count", config: { ...config, group: groupName(scope, config) } });
        if (counters?.whenDown === "each-pod")
            plugins.push({ name: "limit-req", config: eachPod(requests, perSeconds) });
    }
    if (tokens !== undefined && perTokenSeconds !== undefined)
        plugins.push({ name: "ai-rate-limiting", config: tokenBudget(tokens, perTokenSeconds, counters) });
    return plugins;
}

/**
 * Budget of tokens of prompts and answers. The plugin subtracts the tokens of an answer when the answer ends, so requests
 * that are open when the budget is used up still end. It has no field for the variable by which it counts: on a consumer,
 * it counts that consumer.
 */
function tokenBudget(tokens: number, seconds: number, counters?: Counters): Record<string, unknown> {
    return {
        limit: tokens,
        time_window: seconds,
        limit_strategy: "total_tokens",
        rejected_code: 429,
        ...countedIn(counters),
    };
}

/**
 * Limit of one APISIX pod while the shared counters are down: a leaky bucket for twice the requests of a window. It never
 * rejects a request that the shared count would admit, even if a caller sends all requests of one window at its end and
 * all requests of the next window at its start.
 */
function eachPod(requests: number, perSeconds: number): Record<string, unknown> {
    return {
        ...refusedBy("consumer_name"),
        rate: roundedUp(requests / perSeconds),
        burst: 2 * requests,
        nodelay: true,
    };
}

/**
 * Rounds up to six digits. APISIX stores 14 digits: with a longer number, the ingress controller would find a
 * difference at each synchronization, and write the number again.
 */
function roundedUp(rate: number): number {
    const rounded = Number(rate.toPrecision(6));
    return rounded < rate ? Number((rate * (1 + 1e-5)).toPrecision(6)) : rounded;
}

/**
 * Name of a plugin group. Without a group, APISIX hashes the plugin's settings for each request, which is nearly the whole
 * cost of this limit. All members of a group must have the same settings, and APISIX keeps the settings of a group's name
 * until its process ends. So every change of a setting needs a new name.
 */
function groupName(scope: string, config: { count: number; time_window: number }): string {
    const digest = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 8);
    return `${scope}-${config.count}-per-${config.time_window}s-${digest}`;
}
