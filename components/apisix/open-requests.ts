/**
 * Behaviour for callers with limits while the counter server is down: `each-pod` admits them, and each APISIX pod counts
 * their requests by itself; `refuse` rejects them with 500; `allow` admits them without limits.
 */
export const WHEN_DOWN = ["each-pod", "refuse", "allow"] as const;
export type WhenDown = (typeof WHEN_DOWN)[number];

/** Settings of the server that counts limits for all APISIX pods. */
export interface CountersSettings {
    /** Behaviour for callers with limits while the counters are down. */
    whenDown: WhenDown;
    /** Longest wait for the counters, in milliseconds. */
    timeoutMilliseconds: number;
    image: { repository: string; tag: string };
}

/** Connection settings of that server. */
export interface Counters extends Omit<CountersSettings, "image"> {
    /** Host of the server, as seen from APISIX. */
    host: string;
    /** Longest time for one answer, in seconds. The counter server stops counting a request soon after this time. */
    answerTimeoutSeconds: number;
}

/** Name of the counter server's objects in the namespace of the routes. */
export const COUNTERS = "alpa-auth-counters";

/** Connection settings of the counter server in a namespace. */
export function countersOf(
    namespace: string,
    { whenDown, timeoutMilliseconds }: CountersSettings,
    answerTimeoutSeconds: number,
): Counters {
    // Fully qualified, since APISIX does not use a pod's search domains.
    const host = `${COUNTERS}.${namespace}.svc.cluster.local`;
    return { host, whenDown, timeoutMilliseconds, answerTimeoutSeconds };
}

/**
 * Seconds after the answer timeout at which the counter server stops counting a request as open. Otherwise the requests of
 * a gateway pod that has crashed would count for an hour, which is the plugin's default.
 */
const GIVE_UP_SECONDS = 60;

/**
 * Settings that every limit plugin has: the status of rejected requests, and the variable by which requests are
 * counted.
 */
export const refusedBy = (key: string) => ({ key, rejected_code: 429 });

/**
 * Config of APISIX's `limit-conn`, which limits the number of open requests.
 * @param most largest number of open requests
 * @param key variable by which requests are counted
 * @param message answer to a request over the limit
 * @param counters counter server. Default: none, and each APISIX pod counts for itself
 */
export function openRequests(most: number, key: string, message: string, counters?: Counters): Record<string, unknown> {
    return {
        ...refusedBy(key),
        conn: most,
        burst: 0,
        default_conn_delay: 0.1,
        rejected_msg: message,
        ...countedIn(counters),
        ...(counters ? { key_ttl: counters.answerTimeoutSeconds + GIVE_UP_SECONDS } : {}),
    };
}

/** Fields of a limit plugin for the counter server. */
export function countedIn(counters?: Counters): Record<string, unknown> {
    if (!counters) return {};
    return {
        policy: "redis",
        redis_host: counters.host,
        redis_timeout: counters.timeoutMilliseconds,
        allow_degradation: counters.whenDown !== "refuse",
    };
}

/** Name under which APISIX's `ai-rate-limiting` counts tokens, at the end of the names of its headers. */
export const TOKEN_COUNTER = "llm";
