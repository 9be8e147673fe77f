/** One Alpa service, as seen from the cluster. */
export interface AlpaEndpoint {
    /** `host:port`. */
    address: string;
    /** Its share of the requests, relative to the weights of the others. */
    weight: number;
}

/** The Alpa service, which stays as it is: a Ray cluster on bare metal. */
export interface AlpaSettings {
    endpoints: AlpaEndpoint[];
    /** Longest time one answer may take, in seconds: Alpa sends nothing before it is complete. */
    answerTimeoutSeconds: number;
    /**
     * Leave out services that do not answer, and spread `/logprobs` over all of them by caller.
     * @default false: `/logprobs` goes to the first, and there are no health checks
     */
    failover?: boolean;
}

/** Seconds to connect, and to send a request: prompts are small. */
export const CONNECT_SECONDS = 5;
const SEND_SECONDS = 60;

/** Seconds between two health checks of a service, and the timeout of one. */
const CHECK_SECONDS = 5;
const CHECK_TIMEOUT_SECONDS = 3;

/** `/completions` goes to every service, by weight. */
export function completionsUpstream({ endpoints, answerTimeoutSeconds, failover }: AlpaSettings) {
    return {
        ...renderUpstream(endpoints, answerTimeoutSeconds),
        ...(several(endpoints, failover) ? healthChecks() : {}),
    };
}

/**
 * `/logprobs` of one caller goes to one service: the cache that makes the next call cheap lives in that service's memory.
 * Which one is decided by the caller's name, for all gateway pods alike and whatever the credential.
 */
export function logprobsUpstream({ endpoints, answerTimeoutSeconds, failover }: AlpaSettings) {
    if (!several(endpoints, failover)) return renderUpstream(endpoints.slice(0, 1), answerTimeoutSeconds);
    return {
        ...renderUpstream(endpoints, answerTimeoutSeconds),
        loadbalancer: { type: "chash", hashOn: "consumer" },
        ...healthChecks(),
    };
}

/** With a single service there is no choice, and a health check has no effect. */
function several(endpoints: AlpaEndpoint[], failover = false): boolean {
    return failover && endpoints.length > 1;
}

/** Spec of an ApisixUpstream, without its class. */
export function renderUpstream(endpoints: AlpaEndpoint[], answerTimeoutSeconds: number) {
    return {
        externalNodes: endpoints.map(({ address, weight }) => {
            const [host, port] = address.split(":");
            // `Domain` is correct for IP addresses too; any other value means the name of a Service.
            return { type: "Domain", name: host, port: Number(port), weight };
        }),
        scheme: "http",
        passHost: "pass",
        // A retry costs the GPU time again, while the first request continues.
        retries: 0,
        timeout: timeouts(answerTimeoutSeconds),
    };
}

/**
 * Makes each gateway pod check every service. It is written as an HTTP check, since version 2.0.1 of the ingress
 * controller turns a TCP check into `GET /` as well. Alpa answers that with 400, which is in neither of APISIX's own
 * lists and so would change nothing: here it counts as good, and a service that comes back is taken back.
 *
 * The checks detect a host, a process or a network that is down, and move their callers after two checks. They do not
 * detect an Alpa whose batch loop has ended: it still answers 400. A single failed request moves no caller.
 */
function healthChecks() {
    const interval = `${CHECK_SECONDS}s`;
    return {
        healthCheck: {
            active: {
                type: "http",
                httpPath: "/",
                // In nanoseconds.
                timeout: CHECK_TIMEOUT_SECONDS * 1e9,
                // It has no meaning here, but the controller writes its default under a name that APISIX does not know.
                strictTLS: false,
                healthy: { interval, successes: 1, httpCodes: [200, 400] },
                // `timeout` is a number of times. More of them than of refusals: Alpa may be slow and at work.
                unhealthy: { interval, tcpFailures: 2, timeout: 4, httpFailures: 4, httpCodes: [500, 502, 503, 504] },
            },
        },
    };
}

export function timeouts(answerTimeoutSeconds: number) {
    return { connect: `${CONNECT_SECONDS}s`, send: `${SEND_SECONDS}s`, read: `${answerTimeoutSeconds}s` };
}
