/** Name of an ApisixUpstream. */
export const upstreamName = (role: string) => `alpa-${role}`;

/** One Alpa service, as seen from the cluster. */
interface AlpaEndpoint {
    /** `host:port`. */
    address: string;
    /** Share of the requests, relative to the other weights. */
    weight: number;
}

/** The unmodified Alpa service. */
export interface AlpaSettings {
    endpoints: AlpaEndpoint[];
    /** Longest time one answer may take, in seconds. Alpa sends nothing before the answer is complete. */
    answerTimeoutSeconds: number;
    /**
     * Whether to skip services that do not answer, and to distribute `/logprobs` over all services by caller.
     * @default false: `/logprobs` goes to the first service, and there are no health checks
     */
    failover?: boolean;
}

/** Time limits for connecting and for sending a request, in seconds. Prompts are small. */
export const CONNECT_SECONDS = 5;
const SEND_SECONDS = 60;

/** Interval and timeout of health checks, in seconds. */
const CHECK_SECONDS = 5;
const CHECK_TIMEOUT_SECONDS = 3;

/** `/completions` goes to every service, by weight. */
export function completionsUpstream(alpa: AlpaSettings) {
    return {
        ...renderUpstream(alpa.endpoints, alpa.answerTimeoutSeconds),
        ...(several(alpa) ? healthChecks([200, 400]) : {}),
    };
}

/**
 * `/logprobs` of one caller goes to one service, since the cache that makes the next call cheap is in that service's memory.
 * The service depends only on the caller's name, in all gateway pods and for all credentials.
 */
export function logprobsUpstream(alpa: AlpaSettings) {
    const { endpoints, answerTimeoutSeconds } = alpa;
    if (!several(alpa)) return renderUpstream(endpoints.slice(0, 1), answerTimeoutSeconds);
    return {
        ...renderUpstream(endpoints, answerTimeoutSeconds),
        loadbalancer: { type: "chash", hashOn: "consumer" },
        ...healthChecks([200, 400]),
    };
}

/** Whether APISIX checks the health of services and distributes `/logprobs` over them. With one service it does neither. */
function several({ endpoints, failover = false }: AlpaSettings): boolean {
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
        // A retry would use GPU time again, while Alpa still computes the first request.
        retries: 0,
        timeout: timeouts(answerTimeoutSeconds),
    };
}

/**
 * Makes each gateway pod check every service with an HTTP request, because ingress controller 2.0.1 turns even a TCP check
 * into `GET /`. Alpa answers that request with 400. By default APISIX counts 400 as neither healthy nor unhealthy. Here it
 * counts as healthy, so that a service gets requests again after it has recovered.
 *
 * The checks detect a host, process or network that is down. After two failed checks of a service, other services get its
 * requests. An Alpa whose batch loop has ended is not detected, because it still answers 400. A single failed request
 * changes nothing.
 */
export function healthChecks(httpCodes: number[]) {
    const interval = `${CHECK_SECONDS}s`;
    return {
        healthCheck: {
            active: {
                type: "http",
                httpPath: "/",
                // The field is in nanoseconds.
                timeout: CHECK_TIMEOUT_SECONDS * 1e9,
                // This field is required although the checks use no TLS. Without it, the controller writes the default under
                // a name that APISIX rejects.
                strictTLS: false,
                healthy: { interval, successes: 1, httpCodes },
                // `timeout` is the number of timed-out checks after which a service counts as down. It is higher than
                // `tcpFailures`, because a busy Alpa may answer slowly.
                unhealthy: { interval, tcpFailures: 2, timeout: 4, httpFailures: 4, httpCodes: [500, 502, 503, 504] },
            },
        },
    };
}

export function timeouts(answerTimeoutSeconds: number) {
    return { connect: `${CONNECT_SECONDS}s`, send: `${SEND_SECONDS}s`, read: `${answerTimeoutSeconds}s` };
}
