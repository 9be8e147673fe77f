import { createHash } from "node:crypto";
import { countedIn, openRequests, refusedBy, type Counters } from "../apisix/open-requests";

/** Limits of one caller. */
export interface Limits {
    /** Requests in each window of `perSeconds`; the two come together. */
    requests?: number;
    /** Length of the window, in seconds. */
    perSeconds?: number;
    /** Requests open at the same time. */
    concurrent?: number;
}

/** Limits of a caller: its own, and the stack's defaults for the others. */
export function callerLimits(ofStack: Limits | undefined, own: Limits | undefined): Limits {
    return { ...ofStack, ...own };
}

/** Whether any caller has one. */
export function hasLimits(callers: { limits: Limits }[]): boolean {
    return callers.some(({ limits }) => Object.keys(limits).length > 0);
}

/** Warning about limits at a gateway whose number of pods is not known. */
export const COUNTED_APART =
    "limits: each APISIX pod of the existing gateway counts on its own, so with several pods a caller gets several times its limit. See docs/set-up/intra-a.md.";

/** An APISIX plugin in a Consumer object. */
export interface ConsumerPlugin {
    name: string;
    config: Record<string, unknown>;
}

/**
 * Plugins that enforce a caller's limits, for all its credentials together. APISIX counts each consumer's plugin
 * separately, so a change of one consumer resets no other count.
 * @param scope namespace of the consumer: groups of the same name in one gateway must have the same settings
 * @param counters unset: each APISIX pod counts for itself
 */
export function limitPlugins(limits: Limits, scope: string, counters?: Counters): ConsumerPlugin[] {
    const { requests, perSeconds, concurrent } = limits;
    const plugins: ConsumerPlugin[] = [];
    if (concurrent !== undefined) {
        const message = `at most ${concurrent} requests at the same time`;
        plugins.push({ name: "limit-conn", config: openRequests(concurrent, "consumer_name", message, counters) });
    }
    if (requests !== undefined && perSeconds !== undefined) {
        const config = {
            ...refusedBy("consumer_name"),
            count: requests,
            time_window: perSeconds,
            rejected_msg: `at most ${requests} requests in ${perSeconds} s`,
            ...countedIn(counters),
        };
        plugins.push({ name: "limit-count", config: { ...config, group: groupName(scope, config) } });
        if (counters?.whenDown === "each-pod")
            plugins.push({ name: "limit-req", config: eachPod(requests, perSeconds, config.rejected_msg) });
    }
    return plugins;
}

/**
 * Limit of one APISIX pod, for the time without shared counters: a leaky bucket for twice the requests of a window.
 * It never rejects what the shared count admits: a caller may send all of one window at its end and all of the next at once.
 */
function eachPod(requests: number, perSeconds: number, message: string): Record<string, unknown> {
    return {
        ...refusedBy("consumer_name"),
        rate: roundedUp(requests / perSeconds),
        burst: 2 * requests,
        nodelay: true,
        rejected_msg: message,
    };
}

/** To six digits: APISIX stores 14, and the ingress controller would write a number with more at each synchronization. */
function roundedUp(rate: number): number {
    const rounded = Number(rate.toPrecision(6));
    return rounded < rate ? Number((rate * (1 + 1e-5)).toPrecision(6)) : rounded;
}

/**
 * With a group APISIX need not hash the plugin's settings for each request, which is nearly all that this limit costs.
 * All members of a group must have the same settings, and a name keeps them as long as the process lives, even when no
 * member is left: so every change of a setting must be a new name.
 */
function groupName(scope: string, config: { count: number; time_window: number }): string {
    const digest = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 8);
    return `${scope}-${config.count}-per-${config.time_window}s-${digest}`;
}
