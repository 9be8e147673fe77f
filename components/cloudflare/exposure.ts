import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { CloudflaredDeployment, type ConnectorSettings } from "./cloudflared/deployment";
import { EdgeRules, type Plan } from "./edge-rules";
import { Tunnel } from "./tunnel";
import { TunnelRoutes } from "./tunnel-routes";
import { Zone, type ZoneSettings } from "./zone";

/** How callers reach a gateway through Cloudflare. */
export interface ExposureSettings {
    /** Id of the Cloudflare account. */
    account: string;
    /** Name callers use. */
    hostname: string;
    zone: ZoneSettings;
    plan: Plan;
    connectors: ConnectorSettings;
    browserChecks: "skip" | "keep";
    /** What the edge waits for the first byte of an answer, in seconds. Unset: as it is. */
    proxyTimeoutSeconds?: number;
}

/** The gateway's entry point inside the cluster. */
export interface GatewayOrigin {
    service: { name: string; port: number };
    namespace: string;
    /** The pods behind the Service. Unset: any of the namespace. */
    labels?: Record<string, string>;
    /** Port that they listen on. */
    podPort: number;
}

export interface CloudflareExposureArgs extends ExposureSettings {
    /** Namespace of the connectors. */
    namespace: string;
    origin: GatewayOrigin;
    /** Prefixes of Alpa's two paths that the gateway serves; the tunnel forwards no other path. */
    prefixes: string[];
}

/** A host name at Cloudflare and a tunnel to the gateway, which authenticates callers: Access is not used here. */
export class CloudflareExposure extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflareExposureArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:CloudflareExposure", name, {}, opts);
        const { account, hostname, namespace, origin, prefixes } = args;
        const paths = pathsBehind(prefixes);
        const hostnames = [hostname];
        const inside = { parent: this };

        const { zoneId } = new Zone(`${name}-zone`, { account, ...args.zone }, inside);
        const { tunnelId, token, target } = new Tunnel(`${name}-tunnel`, { account }, inside);
        const routes = new TunnelRoutes(
            `${name}-routes`,
            { account, tunnelId, hostnames, endpoint: endpointOf(origin), paths },
            inside,
        );
        // Without rules a connector answers 503. On the way out connectors stop before the tunnel is deleted, which is
        // refused while any is there.
        const connectors = new CloudflaredDeployment(
            `${name}-connectors`,
            {
                ...args.connectors,
                namespace,
                token,
                origin: { namespace: origin.namespace, labels: origin.labels, port: origin.podPort },
            },
            { ...inside, dependsOn: routes },
        );
        const rules = new EdgeRules(`${name}-edge`, { ...args, hostnames, zoneId }, inside);
        // Created last and deleted first: it points the host name to the gateway.
        new cloudflare.DnsRecord(
            `${name}-record`,
            { zoneId, name: hostname, type: "CNAME", content: target, proxied: true, ttl: 1 },
            { ...inside, dependsOn: [routes, connectors, rules] },
        );
        this.registerOutputs({});
    }
}

/** Expressions for the paths that lead to the gateway. */
export function pathsBehind(prefixes: string[]): string[] {
    return prefixes.map((prefix) => `^${prefix}/(completions|logprobs)?$`);
}

/** The whole name, which needs no search list. */
export function endpointOf({ service, namespace }: Pick<GatewayOrigin, "service" | "namespace">): string {
    return `${service.name}.${namespace}.svc.cluster.local:${service.port}`;
}
