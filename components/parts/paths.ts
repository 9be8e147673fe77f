/** Path callers see in front of Alpa's own. */
export const PREFIX = "/alpa";

/**
 * Header of the gateway's own error answers: a digest of the route's rules and upstreams. It shows which rules a pod answers by,
 * so that an `up` can end when they are in force.
 */
export const REVISION_HEADER = "X-Alpa-Auth-Revision";

/**
 * Connections on which a gateway pod is asked for a change. Each worker of nginx has its own copy of the
 * configuration, and a connection stays with its worker.
 */
export const WORKER_CONNECTIONS = 4;

/** With Cloudflare's header the redirect to HTTPS does not apply (plugin-chain.ts), so pods are asked on their HTTP port. */
export const NO_REDIRECT = { "CF-Ray": "evidence" };
