import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { CloudflaredDeployment, type ConnectorSettings } from "./cloudflared/deployment";
import { EdgeRules, type Plan } from "./edge-rules";
import { Tunnel, TunnelRoutes } from "./tunnel";
import { Zone, type ZoneSettings } from "./zone";
import type { Meaning } from "../meaning/plain";

/** Settings of a gateway's exposure through Cloudflare. */
export interface ExposureSettings {
    /** Id of the Cloudflare account. */
    account: string;
    /** Host name for callers. */
    hostname: string;
    zone: ZoneSettings;
    plan: Plan;
    connectors: ConnectorSettings;
    browserChecks: "skip" | "keep";
    /** Longest wait of the edge for the first byte of an answer, in seconds. Default: the zone's setting is not changed. */
    proxyTimeoutSeconds?: number;
}

/** The gateway's entry point inside the cluster. */
export interface GatewayOrigin {
    service: { name: string; port: number };
    namespace: string;
    /** Labels of the pods behind the Service. Default: any pod of the namespace. */
    labels?: Record<string, string>;
    /** Port on which the pods listen. */
    podPort: number;
}

export interface CloudflareExposureArgs extends ExposureSettings {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    /** Namespace of the connectors. */
    namespace: string;
    origin: GatewayOrigin;
    /** Regular expressions of the paths that the tunnel forwards. */
    paths: string[];
}

/** A host name at Cloudflare and a tunnel to the gateway. The gateway authenticates callers, so Access is not used. */
export class CloudflareExposure extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflareExposureArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:CloudflareExposure", name, args.meaning, opts);
        const { account, hostname, namespace, origin, paths } = args;
        const hostnames = [hostname];
        const inside = { parent: this };

        const { zoneId } = new Zone(`${name}-zone`, { account, ...args.zone }, inside);
        const { tunnelId, token, target } = new Tunnel(`${name}-tunnel`, { account }, inside);
        const { service } = origin;
        // The fully qualified name needs no search domain.
        const endpoint = `${service.name}.${origin.namespace}.svc.cluster.local:${service.port}`;
        const routes = new TunnelRoutes(`${name}-routes`, { account, tunnelId, hostnames, endpoint, paths }, inside);
        // Without rules a connector answers 503. A destroy stops the connectors first, since Cloudflare does not delete a
        // tunnel with a connected connector.
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
        const rules = new EdgeRules(`${name}-edge`, { ...args, meaning: undefined, hostnames, zoneId }, inside);
        // Created last and deleted first: it points the host name to the gateway.
        new cloudflare.DnsRecord(
            `${name}-record`,
            { zoneId, name: hostname, type: "CNAME", content: target, proxied: true, ttl: 1 },
            { ...inside, dependsOn: [routes, connectors, rules] },
        );
        this.registerOutputs({});
    }
}
