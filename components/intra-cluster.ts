import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AdminKeys } from "./parts/admin-keys";
import { AlpaRoute, PREFIX, type AcceptSettings, type AlpaSettings } from "./parts/alpa-route";
import { ApisixRelease, releaseNamespace } from "./parts/apisix-release";
import { GATEWAY_SERVICE, type ReleaseSettings } from "./parts/apisix-values";
import { CloudflareExposure, type ExposureSettings, type GatewayOrigin } from "./parts/cloudflare-exposure";
import { CONNECTOR_LABELS } from "./parts/cloudflared-deployment";
import { Consumers, type ConsumerSettings } from "./parts/consumers";
import { GatewayWiring, type GatewayBinding } from "./parts/gateway-wiring";
import type { GuardSettings } from "./parts/guard";
import type { ClusterAccess } from "./parts/kubeconfig";
import { APISIX_PODS, DATA_PORT, NetworkPolicies } from "./parts/network-policies";
import { metadata } from "./parts/ownership";
import { Rampart, type RampartInstall } from "./parts/rampart";
import { componentNamespace, RampartGateway } from "./parts/rampart-graph";
import { SAMPLE_COMPLETION } from "./parts/sample";
import { SharedCounters, type CountersSettings } from "./parts/shared-counters";
import type { SharedGateway } from "./parts/shared-gateway";

/** Who installs APISIX. */
export type GatewaySettings =
    | {
          installer: "rampart";
          release: ReleaseSettings;
          url: string;
          /** Unset: Rampart is there already. */
          install?: RampartInstall;
          retry: number;
      }
    | { installer: "helm"; release: ReleaseSettings; url: string; crds?: string[] }
    | ({
          installer: "existing";
          url: string;
          /** Its entry point inside the cluster. Unset: nothing of ours is in front of it. */
          origin?: GatewayOrigin;
      } & GatewayBinding);

export interface IntraClusterArgs {
    /** Namespace of routes, consumers and credentials. */
    namespace: string;
    cluster: ClusterAccess;
    alpa: AlpaSettings;
    guard: GuardSettings;
    gateway: GatewaySettings;
    /** A name at Cloudflare in front of the gateway. Unset: callers come to the gateway itself. */
    exposure?: ExposureSettings;
    /** Unset: each APISIX pod counts limits for itself. */
    sharedCounters?: CountersSettings;
    /** Waits, in seconds. */
    readiness: AcceptSettings & { graphTimeoutSeconds: number };
    consumers: ConsumerSettings[];
}

/** The gateway on the nodes that run Alpa: from the entry point to the upstream, in the order traffic meets it. */
export class IntraCluster extends pulumi.ComponentResource {
    /** Entry point of callers, without a trailing slash. */
    readonly url: string;
    /** Key by `<consumer>/<credential>`; secret. */
    readonly credentials: pulumi.Output<Record<string, string>>;
    /** Secret that signs the tokens of a credential with HS256, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: pulumi.Output<Record<string, string>>;
    /** A request with the first key that works as pasted; secret. */
    readonly curl: pulumi.Output<string>;
    /** What stacks of more callers take from this one. */
    readonly gateway: SharedGateway;

    constructor(name: string, args: IntraClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:IntraCluster", name, {}, opts);
        const { namespace, cluster, alpa, guard, gateway, readiness } = args;

        const home = new k8s.core.v1.Namespace(
            `${name}-namespace`,
            { metadata: metadata(namespace) },
            { parent: this },
        );
        const wiring = this.install(name, args, home);
        const binding = wiring?.binding ?? (gateway as GatewayBinding);
        const bound = { namespace, binding, cluster, readiness };
        const after = { parent: this, dependsOn: wiring ? [home, wiring] : [home] };
        const ownGateway = gateway.installer !== "existing";
        const route = new AlpaRoute(`${name}-route`, { ...bound, alpa, guard, ownGateway }, after);
        const shared = this.sharedCounters(name, args, binding, home);
        const consumers = new Consumers(
            `${name}-consumers`,
            { ...bound, consumers: args.consumers, counters: shared?.counters },
            // Limits that name the counters before they run would refuse every caller, or none.
            { ...after, dependsOn: [...after.dependsOn, ...(shared ? [shared] : [])] },
        );
        if (args.exposure)
            new CloudflareExposure(
                `${name}-exposure`,
                { ...args.exposure, namespace, origin: gatewayOrigin(args) },
                // The name leads to a gateway that knows its route and its callers already.
                { ...after, dependsOn: [...after.dependsOn, route, consumers] },
            );

        this.url = `${gateway.url}${PREFIX}`;
        this.gateway = {
            ...{ namespace, binding: bindingOf(binding), url: this.url },
            answerTimeoutSeconds: alpa.answerTimeoutSeconds,
            ...(shared ? { counters: shared.counters } : {}),
            ...(gateway.installer === "existing" ? {} : { replicas: gateway.release.replicas }),
        };
        this.credentials = secretMap(consumers.keys);
        this.jwtSecrets = secretMap(consumers.jwtSecrets);
        this.curl = this.credentials.apply((keys) => curlLine(this.url, Object.values(keys)[0]));
        // The address alone: the others go to the stack's outputs, and would stand in the state twice.
        this.registerOutputs({ url: this.url });
    }

    private sharedCounters(name: string, args: IntraClusterArgs, binding: GatewayBinding, home: pulumi.Resource) {
        const { namespace, alpa, sharedCounters: settings } = args;
        if (settings === undefined) return undefined;
        const { answerTimeoutSeconds } = alpa;
        return new SharedCounters(
            `${name}-counters`,
            { namespace, apisixNamespace: binding.gatewayNamespace, settings, answerTimeoutSeconds },
            { parent: this, dependsOn: home },
        );
    }

    /** APISIX with all that must surround it; undefined when it is there already. */
    private install(name: string, args: IntraClusterArgs, home: pulumi.Resource): GatewayWiring | undefined {
        const { gateway, namespace } = args;
        if (gateway.installer === "existing") return undefined;
        const opts = { parent: this, dependsOn: [home] };
        const wire = (apisix: pulumi.Resource, apisixNamespace: string) =>
            new GatewayWiring(`${name}-wiring`, { apisixNamespace, namespace }, { parent: this, dependsOn: apisix });
        const inNamespace = (apisix: string, o: pulumi.ComponentResourceOptions) => {
            // Without the keys no pod starts, so they come last: the policies are in force before anything listens.
            const callersFrom = onlyConnectors(args) ? { namespace, labels: CONNECTOR_LABELS } : undefined;
            const policies = new NetworkPolicies(`${name}-policies`, { namespace: apisix, callersFrom }, o);
            return new AdminKeys(`${name}-admin-keys`, { namespace: apisix }, { ...o, dependsOn: policies });
        };
        if (gateway.installer === "helm") {
            const { release, crds } = gateway;
            const { cluster } = args;
            const apisix = new ApisixRelease(
                `${name}-apisix`,
                { namespace, release, cluster, crds, inNamespace },
                opts,
            );
            return wire(apisix, releaseNamespace(namespace));
        }
        const { install } = gateway;
        const rampart =
            install && new Rampart(`${name}-rampart`, { ...install, cluster: args.cluster }, { parent: this });
        const apisix = new RampartGateway(
            `${name}-gateway`,
            {
                namespace,
                release: gateway.release,
                cluster: args.cluster,
                retry: gateway.retry,
                timeoutSeconds: args.readiness.graphTimeoutSeconds,
                inNamespace,
            },
            { parent: this, dependsOn: rampart ? [home, rampart] : [home] },
        );
        return wire(apisix, componentNamespace(namespace));
    }
}

/** Where the gateway is reached inside the cluster. */
export function gatewayOrigin({ gateway, namespace }: Pick<IntraClusterArgs, "gateway" | "namespace">): GatewayOrigin {
    if (gateway.installer === "existing") return gateway.origin!;
    const apisix = gateway.installer === "helm" ? releaseNamespace(namespace) : componentNamespace(namespace);
    return { service: GATEWAY_SERVICE, namespace: apisix, labels: APISIX_PODS.matchLabels, podPort: DATA_PORT };
}

/** Whether the tunnel is the only way to the gateway: with a port on the nodes callers come from anywhere. */
function onlyConnectors({ gateway, exposure }: IntraClusterArgs): boolean {
    return exposure !== undefined && gateway.installer !== "existing" && gateway.release.nodePort === undefined;
}

/** A completion asked for as callers do. @param key unset: there is none, and the answer is 401 */
export function curlLine(url: string, key: string | undefined): string {
    const header = key === undefined ? "" : ` -H 'apikey: ${key}'`;
    return `curl -sS ${url}/completions${header} -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}'`;
}

/** The binding alone: a gateway in place has it among other settings. */
function bindingOf({ ingressClass, gateway, gatewayNamespace }: GatewayBinding): GatewayBinding {
    return { ingressClass, gateway, gatewayNamespace };
}

export function secretMap(values: Record<string, pulumi.Output<string>>): pulumi.Output<Record<string, string>> {
    return pulumi.secret(values) as pulumi.Output<Record<string, string>>;
}
