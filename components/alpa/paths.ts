/** Path prefix that every stack serves in front of Alpa's own paths. */
export const PREFIX = "/alpa";

/**
 * Path prefixes that a stack serves in front of Alpa's own paths. The documentation for callers has the first one.
 * @param own prefix from the stack's config, if any
 */
export function servedPrefixes(own: string | undefined): string[] {
    return own === undefined || own === PREFIX ? [PREFIX] : [own, PREFIX];
}

/**
 * Header of the gateway's own error answers. Its value is a digest of the route's rules and upstreams, which shows which
 * rules a pod applies. So `pulumi up` can wait until every pod applies the new rules.
 */
export const REVISION_HEADER = "X-Alpa-Auth-Revision";

/**
 * Number of connections for verifying a change at a gateway pod. Each nginx worker has its own copy of the
 * configuration and keeps its connections, so several connections are needed to reach every worker.
 */
export const WORKER_CONNECTIONS = 4;

/**
 * Header of verification requests to pods. The route does not redirect a request with this header of Cloudflare to HTTPS
 * (plugin-chain.ts), so pods answer the request on their HTTP port.
 */
export const NO_REDIRECT = { "CF-Ray": "evidence" };
