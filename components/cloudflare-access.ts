import type { CloudflareAccessArgs } from "./cloudflare-args";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { Access } from "./cloudflare/access";
import { CloudflaredHost } from "./cloudflare/cloudflared/host";
import { DnsRecords } from "./cloudflare/dns-records";
import { EdgeRules } from "./cloudflare/edge-rules";
import { EdgeWorker } from "./cloudflare/edge-worker";
import { secretMap } from "./kubernetes/secret-data";
import { servedPrefixes } from "./alpa/paths";
import type { TokenConsumer } from "./cloudflare/service-token";
import { ServiceTokens, type TokenPair } from "./cloudflare/service-tokens";
import { Tunnel, TunnelRoutes } from "./cloudflare/tunnel";
import { Zone } from "./cloudflare/zone";
import { cloudflareMeaning } from "./cloudflare-meaning";
import { fingerprints } from "./meaning/fingerprint";
import type { Meaning } from "./meaning/plain";
import { edgeServerOf } from "./server";

/** Access at Cloudflare's edge and a tunnel to Alpa. Both are ready before the DNS records point callers to them. */
export class CloudflareAccess extends pulumi.ComponentResource {
    /** Entry point of callers, without a trailing slash. */
    readonly url: string;
    /** Client id and secret by `<consumer>/<credential>`; secret. */
    readonly credentials: pulumi.Output<Record<string, TokenPair>>;
    /**
     * Expiry date of each token, by `<consumer>/<credential>`: the earlier of the dates in the config and at Cloudflare.
     */
    readonly expires: pulumi.Output<Record<string, string>>;
    /** A curl command with the first enabled token, ready to paste; secret. */
    readonly curl: pulumi.Output<string>;
    /** Name servers to set at the registrar, before the zone resolves. */
    readonly nameServers: pulumi.Output<string[]>;
    /** Ids of the tokens that the config disables, by `<consumer>/<credential>`. */
    readonly disabled: pulumi.Output<Record<string, string>>;
    readonly zoneStatus: pulumi.Output<string>;
    /** DS record for the registrar, once the zone is signed. */
    readonly ds: pulumi.Output<string> | undefined;

    /** @param seed secret of the stack, for the fingerprints of the hosts' keys */
    constructor(
        name: string,
        args: CloudflareAccessArgs,
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        const meaning = cloudflareMeaning(args, fingerprints(seed));
        super("alpa-auth:index:CloudflareAccess", name, meaning.stack, opts);
        const { account, hostnames, endpoint, teamName, consumers, notify } = args;
        const { tunnelPaths: paths, rateLimited, prefix, curl } = edgeServerOf(args.openaiPaths, args.pathPrefix);
        const inside = { parent: this };

        const zone = new Zone(`${name}-zone`, { account, ...args.zone, meaning: meaning.Zone }, inside);
        const { zoneId } = zone;
        const tunnel = new Tunnel(`${name}-tunnel`, { account }, inside);
        const callers = { consumers, notify, meaning: meaning.ServiceTokens, meanings: meaning.callers };
        const tokens = new ServiceTokens(`${name}-tokens`, { account, ...callers }, inside);
        const access = new Access(
            `${name}-access`,
            { account, hostnames, tokenIds: tokens.ids, meaning: meaning.Access },
            // Access depends on the zone, because this run may create the zone: Cloudflare rejects an application for a
            // name whose zone is not in the account.
            { ...inside, dependsOn: zone },
        );
        const routes = new TunnelRoutes(
            `${name}-routes`,
            {
                ...{ account, tunnelId: tunnel.tunnelId, hostnames, endpoint, paths },
                access: { teamName, audience: access.audience },
                meaning: meaning.TunnelRoutes,
            },
            inside,
        );
        // Without rules a connector answers 503. A destroy stops the connectors first, since Cloudflare does not delete a
        // tunnel with a connected connector.
        const connectors = new CloudflaredHost(
            `${name}-connectors`,
            { ...args.connectors, teamName, token: tunnel.token, meaning: meaning.CloudflaredHost },
            { ...inside, dependsOn: routes },
        );
        const atEdge = { ...args, rateLimited, zoneId, meaning: meaning.EdgeRules };
        const rules = new EdgeRules(`${name}-edge`, atEdge, inside);
        // The DNS records are created last and deleted first, so that Access and the rules protect Alpa as long as the
        // names point to it.
        const worker = this.worker(name, args, zoneId, meaning.EdgeWorker);
        const after = [access, routes, connectors, rules, ...worker];
        const service = { hostnames, target: tunnel.target, after };
        const dns =
            args.dns &&
            new DnsRecords(`${name}-dns`, { zoneId, service, ...args.dns, meaning: meaning.DnsRecords! }, inside);
        for (const hostname of namesOfOurOwn(args))
            new cloudflare.DnsRecord(
                // The resource is named after its host name. If another name becomes the main one, the earlier name keeps its
                // record.
                `${name}-record-${hostname}`,
                { zoneId, name: hostname, type: "CNAME", content: tunnel.target, proxied: true, ttl: 1 },
                { ...inside, dependsOn: after },
            );

        this.url = `https://${hostnames[0]}${prefix}`;
        this.credentials = secretMap(tokens.pairs);
        this.expires = pulumi.output(tokens.ends).apply((ends) => sooner(ends as Record<string, string>, args.expires));
        this.curl = this.credentials.apply((pairs) => curl(this.url, tokenHeaders(pairs[firstEnabled(consumers)])));
        this.nameServers = zone.nameServers;
        this.disabled = pulumi.output(tokens.disabled) as pulumi.Output<Record<string, string>>;
        this.zoneStatus = zone.status;
        this.ds = dns?.ds;
        // Registers only the URL as the component's output. The stack exports the other values, which would otherwise be
        // in the state twice.
        this.registerOutputs({ url: this.url });
    }

    /** The Worker that adds the default model to requests that name no model. Empty if there is no default model. */
    private worker(
        name: string,
        args: CloudflareAccessArgs,
        zoneId: pulumi.Input<string>,
        meaning: Meaning | undefined,
    ): EdgeWorker[] {
        const { account, hostnames, pathPrefix, defaultModel: model } = args;
        if (model === undefined || meaning === undefined) return [];
        const prefixes = servedPrefixes(pathPrefix);
        return [
            new EdgeWorker(
                `${name}-worker`,
                { account, zoneId, hostnames, prefixes, model, meaning },
                { parent: this },
            ),
        ];
    }
}

/**
 * Host names for which the stack itself creates records, because the records file does not contain them. Host names in the
 * records file point to the tunnel from phase `proxied` on.
 */
export function namesOfOurOwn({ hostnames, dns }: Pick<CloudflareAccessArgs, "hostnames" | "dns">): string[] {
    return hostnames.filter((hostname) => !dns?.records.some(({ name }) => name === hostname));
}

/** `<consumer>/<credential>` of the first enabled token; empty if there is none. */
function firstEnabled(consumers: TokenConsumer[]): string {
    const all = consumers.flatMap(({ name, credentials }) => credentials.map((one) => ({ name, ...one })));
    const first = all.find(({ enabled }) => enabled);
    return first === undefined ? "" : `${first.name}/${first.id}`;
}

/** The two headers of a service token; empty without a token. */
export function tokenHeaders(pair: TokenPair | undefined): string[] {
    if (pair === undefined) return [];
    return [`CF-Access-Client-Id: ${pair.clientId}`, `CF-Access-Client-Secret: ${pair.clientSecret}`];
}

/**
 * Returns the expiry date of each token: the date at Cloudflare or in the config, whichever is earlier.
 *
 * @param ends expiry times at Cloudflare
 * @param days expiry dates in the config, also of credentials without a token
 */
export function sooner(ends: Record<string, string>, days: Record<string, string>): Record<string, string> {
    const cloudflares = Object.entries(ends).map(([who, end]): [string, string] => [who, end.slice(0, 10)]);
    return Object.fromEntries([
        ...Object.entries(days),
        ...cloudflares.filter(([who, end]) => days[who] === undefined || end < days[who]),
    ]);
}
