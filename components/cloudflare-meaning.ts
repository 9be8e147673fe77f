/** What a stack of option cloudflare is, in plain values: the inputs of its components, which previews and reviews show. */
import type { CloudflareAccessArgs } from "./cloudflare-args";
import type { TokenCredential, TokenMeaning } from "./cloudflare/service-token";
import { plain, type Meaning, type ShowSecret } from "./meaning/plain";
import { edgeServerOf } from "./server";

/** Meanings by the type of the component, without those that the stack does not have. */
export interface CloudflareMeaning {
    /** Topmost component: values that most of the stack's objects contain. */
    stack: Meaning;
    Zone: Meaning;
    ServiceTokens: Meaning;
    Access: Meaning;
    TunnelRoutes: Meaning;
    CloudflaredHost: Meaning;
    EdgeRules: Meaning;
    EdgeWorker?: Meaning;
    DnsRecords?: Meaning;
    callers: Record<string, { credentials: Record<string, TokenMeaning> }>;
}

/** @param secret what is shown of secrets */
export function cloudflareMeaning(args: CloudflareAccessArgs, secret: ShowSecret): CloudflareMeaning {
    const { program, account, hostnames, zone, endpoint, teamName, connectors, notify, consumers, dns } = args;
    const { plan, rateLimit, browserChecks, proxyTimeoutSeconds, defaultModel, pathPrefix, openaiPaths } = args;
    const { prefixes: pathPrefixes } = edgeServerOf(openaiPaths, pathPrefix);
    const { instances: connectorsPerHost, ...tunnel } = connectors;
    const of = (settings: object) => plain(settings, secret);
    const credentials = consumers.flatMap(({ name, credentials: all }) => all.map(({ id }) => `${name}/${id}`));
    return {
        // Every object in the zone has its id, and the order of the move.
        stack: of({ program, account, hostnames, pathPrefix, zone, phase: dns?.phase }),
        Zone: of(zone),
        ServiceTokens: of({ notify }),
        Access: of({ hostnames, admits: credentials }),
        TunnelRoutes: of({ hostnames, pathPrefixes, paths: openaiPaths, endpoint, teamName }),
        CloudflaredHost: of({ ...tunnel, connectorsPerHost, teamName }),
        EdgeRules: of({ hostnames, pathPrefixes, plan, rateLimit, browserChecks, proxyTimeoutSeconds }),
        ...(defaultModel !== undefined && { EdgeWorker: of({ hostnames, pathPrefixes, defaultModel }) }),
        ...(dns && { DnsRecords: of({ phase: dns.phase, records: dns.records }) }),
        callers: Object.fromEntries(
            consumers.map(({ name, credentials: all }) => {
                const tokens = all.map(({ id, ...token }) => [id, tokenMeaning(token, args.expires[`${name}/${id}`])]);
                return [name, { credentials: Object.fromEntries(tokens) as Record<string, TokenMeaning> }];
            }),
        ),
    };
}

function tokenMeaning(token: Omit<TokenCredential, "id">, expires: string | undefined): TokenMeaning {
    return { method: "service-token", ...token, ...(expires !== undefined && { expires }) };
}
