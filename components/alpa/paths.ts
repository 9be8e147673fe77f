/** Path callers see in front of Alpa's own. Every stack serves it. */
export const PREFIX = "/alpa";

/**
 * Path prefixes that a stack serves in front of Alpa's own paths; the first is the one in the documentation for
 * callers. @param own the stack's, if any
 */
export function servedPrefixes(own: string | undefined): string[] {
    return own === undefined || own === PREFIX ? [PREFIX] : [own, PREFIX];
}

/**
 * Header of the gateway's own error answers: a digest of the route's rules and upstreams. It shows which rules a pod
 * applies, so that an `up` can end when they are in force.
 */
export const REVISION_HEADER = "X-Alpa-Auth-Revision";

/**
 * Number of connections on which a gateway pod is queried about a change. Each worker of nginx has its own copy of the
 * configuration, and a connection stays with its worker.
 */
export const WORKER_CONNECTIONS = 4;

/** With Cloudflare's header the redirect to HTTPS does not apply (plugin-chain.ts), so pods are asked on their HTTP port. */
export const NO_REDIRECT = { "CF-Ray": "evidence" };
