import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { Access } from "./cloudflare/access";
import { CloudflaredHost, type CloudflaredHostArgs } from "./cloudflare/cloudflared/host";
import { type Phase, type ZoneRecord } from "./cloudflare/dns-record";
import { DnsRecords } from "./cloudflare/dns-records";
import { EdgeRules, type Plan, type RateLimit } from "./cloudflare/edge-rules";
import { EdgeWorker } from "./cloudflare/edge-worker";
import { servedPrefixes } from "./alpa/paths";
import { curlLine } from "./alpa/sample";
import { ServiceTokens, type TokenConsumer, type TokenPair } from "./cloudflare/service-tokens";
import { Tunnel } from "./cloudflare/tunnel";
import { alpaPaths, TunnelRoutes } from "./cloudflare/tunnel-routes";
import { Zone, type ZoneSettings } from "./cloudflare/zone";

export interface CloudflareAccessArgs {
    /** Id of the Cloudflare account. */
    account: string;
    /** Names callers use; the first is the main one. */
    hostnames: string[];
    zone: ZoneSettings;
    plan: Plan;
    /** The zone's other records, and the phase of its move to Cloudflare. Unset: the stack does not manage them. */
    dns?: { phase: Phase; records: ZoneRecord[] };
    /** `host:port` of Alpa, as seen from the hosts of the connectors. */
    endpoint: string;
    /** Path prefix in the output `url`. Unset: none. `/alpa`, which every stack serves, works in any case. */
    pathPrefix?: string;
    /** The connectors, without the token that they join the tunnel with. */
    connectors: Omit<CloudflaredHostArgs, "token" | "teamName">;
    /** The part before `.cloudflareaccess.com`. */
    teamName: string;
    /** Unset: none. */
    rateLimit?: RateLimit;
    browserChecks: "skip" | "keep";
    /** Model for requests without one. Unset: no Worker, and Alpa rejects such requests. */
    defaultModel?: string;
    /**
     * How long the edge waits for the first byte of an answer, in seconds. Unset: the zone's setting is not changed.
     */
    proxyTimeoutSeconds?: number;
    /** Mail addresses that are notified a week before a token expires. */
    notify: string[];
    consumers: TokenConsumer[];
    /** Day on which a credential expires according to the config, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
}

/** Access at Cloudflare's edge and a tunnel to Alpa: what a request passes, from the last step to the first. */
export class CloudflareAccess extends pulumi.ComponentResource {
    /** Entry point of callers, without a trailing slash. */
    readonly url: string;
    /** Client id and secret by `<consumer>/<credential>`; secret. */
    readonly credentials: pulumi.Output<Record<string, TokenPair>>;
    /**
     * Day on which each token expires, by `<consumer>/<credential>`: by the config or by Cloudflare, whichever is
     * sooner.
     */
    readonly expires: pulumi.Output<Record<string, string>>;
    /** A request with the first token that is not disabled; works as pasted; secret. */
    readonly curl: pulumi.Output<string>;
    /** Name servers that the registrar must set before the zone resolves. */
    readonly nameServers: pulumi.Output<string[]>;
    /** Ids of the tokens that the config disables, by `<consumer>/<credential>`. */
    readonly disabled: pulumi.Output<Record<string, string>>;
    readonly zoneStatus: pulumi.Output<string>;
    /** DS record for the registrar, once the zone is signed. */
    readonly ds: pulumi.Output<string> | undefined;

    constructor(name: string, args: CloudflareAccessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:CloudflareAccess", name, {}, opts);
        const { account, hostnames, endpoint, teamName, consumers, notify } = args;
        const prefixes = servedPrefixes(args.pathPrefix);
        const inside = { parent: this };

        const zone = new Zone(`${name}-zone`, { account, ...args.zone }, inside);
        const { zoneId } = zone;
        const tunnel = new Tunnel(`${name}-tunnel`, { account }, inside);
        const tokens = new ServiceTokens(`${name}-tokens`, { account, consumers, notify }, inside);
        const access = new Access(
            `${name}-access`,
            { account, hostnames, tokenIds: tokens.ids },
            // Cloudflare rejects an application for a name without a zone in the account, and this run may create the
            // zone.
            { ...inside, dependsOn: zone },
        );
        const { tunnelId } = tunnel;
        const routes = new TunnelRoutes(
            `${name}-routes`,
            {
                ...{ account, tunnelId, hostnames, endpoint, paths: alpaPaths(prefixes) },
                access: { teamName, audience: access.audience },
            },
            inside,
        );
        // Without rules a connector answers 503. At a destroy the connectors stop before the tunnel is deleted, since
        // Cloudflare rejects that while one is connected.
        const connectors = new CloudflaredHost(
            `${name}-connectors`,
            { ...args.connectors, teamName, token: tunnel.token },
            { ...inside, dependsOn: routes },
        );
        const rules = new EdgeRules(`${name}-edge`, { ...args, prefixes, zoneId }, inside);
        const worker = this.worker(name, args, zoneId);
        // Created last and deleted first: these records lead the names to Alpa, so its protection must exist before.
        const after = [access, routes, connectors, rules, ...worker];
        const service = { hostnames, target: tunnel.target, after };
        const dns = args.dns && new DnsRecords(`${name}-dns`, { zoneId, service, ...args.dns }, inside);
        for (const hostname of namesOfOurOwn(args))
            new cloudflare.DnsRecord(
                // Named after its host name: if another name becomes the first, the record of the earlier one stays
                // unchanged as an alias.
                `${name}-record-${hostname}`,
                { zoneId, name: hostname, type: "CNAME", content: tunnel.target, proxied: true, ttl: 1 },
                {
                    ...inside,
                    dependsOn: after,
                    // renamed 2026-11; remove after every stack has been updated, before it changes its hostname
                    aliases: hostname === hostnames[0] ? [{ name: `${name}-record` }] : undefined,
                },
            );

        this.url = `https://${hostnames[0]}${args.pathPrefix ?? ""}`;
        this.credentials = pulumi.secret(tokens.pairs) as pulumi.Output<Record<string, TokenPair>>;
        this.expires = pulumi.output(tokens.ends).apply((ends) => sooner(ends as Record<string, string>, args.expires));
        this.curl = this.credentials.apply((pairs) => curlLine(this.url, tokenHeaders(pairs[firstEnabled(consumers)])));
        this.nameServers = zone.nameServers;
        this.disabled = pulumi.output(tokens.disabled) as pulumi.Output<Record<string, string>>;
        this.zoneStatus = zone.status;
        this.ds = dns?.ds;
        // Only the address: the other outputs go to the stack, and would be in the state twice.
        this.registerOutputs({ url: this.url });
    }

    /** Worker that adds the default model to requests without one; none if it is disabled. */
    private worker(name: string, args: CloudflareAccessArgs, zoneId: pulumi.Input<string>): EdgeWorker[] {
        const { account, hostnames, pathPrefix, defaultModel: model } = args;
        if (model === undefined) return [];
        const prefixes = servedPrefixes(pathPrefix);
        return [new EdgeWorker(`${name}-worker`, { account, zoneId, hostnames, prefixes, model }, { parent: this })];
    }
}

/**
 * Host names that are not among the zone's other records, which point to the tunnel in the course of the zone's move.
 */
export function namesOfOurOwn({ hostnames, dns }: Pick<CloudflareAccessArgs, "hostnames" | "dns">): string[] {
    return hostnames.filter((hostname) => !dns?.records.some(({ name }) => name === hostname));
}

/** `<consumer>/<credential>`; empty: there is none. */
function firstEnabled(consumers: TokenConsumer[]): string {
    const all = consumers.flatMap(({ name, credentials }) => credentials.map((one) => ({ name, ...one })));
    const first = all.find(({ enabled }) => enabled);
    return first === undefined ? "" : `${first.name}/${first.id}`;
}

/** The two headers of a service token; none where there is no token. */
export function tokenHeaders(pair: TokenPair | undefined): string[] {
    if (pair === undefined) return [];
    return [`CF-Access-Client-Id: ${pair.clientId}`, `CF-Access-Client-Secret: ${pair.clientSecret}`];
}

/** @param ends times of Cloudflare @param days days of the config, of more credentials maybe */
export function sooner(ends: Record<string, string>, days: Record<string, string>): Record<string, string> {
    const cloudflares = Object.entries(ends).map(([who, end]): [string, string] => [who, end.slice(0, 10)]);
    return Object.fromEntries([
        ...Object.entries(days),
        ...cloudflares.filter(([who, end]) => days[who] === undefined || end < days[who]),
    ]);
}
