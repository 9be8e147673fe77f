import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AdminKeys } from "./parts/admin-keys";
import { AlpaRoute, PREFIX, type AcceptSettings, type AlpaSettings } from "./parts/alpa-route";
import { ApisixRelease, releaseNamespace } from "./parts/apisix-release";
import type { ReleaseSettings } from "./parts/apisix-values";
import { Consumer, type ConsumerSettings } from "./parts/consumer";
import { GatewayWiring, type GatewayBinding } from "./parts/gateway-wiring";
import type { ClusterAccess } from "./parts/kubeconfig";
import { NetworkPolicies } from "./parts/network-policies";
import { metadata } from "./parts/ownership";
import { Rampart, type RampartInstall } from "./parts/rampart";
import { componentNamespace, RampartGateway } from "./parts/rampart-graph";

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
    | ({ installer: "existing"; url: string } & GatewayBinding);

export interface IntraClusterArgs {
    /** Namespace of routes, consumers and credentials. */
    namespace: string;
    cluster: ClusterAccess;
    alpa: AlpaSettings;
    gateway: GatewaySettings;
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
    /** A request that works as pasted, by `<consumer>/<credential>`; secret. */
    readonly curl: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: IntraClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:IntraCluster", name, {}, opts);
        const { namespace, cluster, alpa, gateway, readiness } = args;

        const home = new k8s.core.v1.Namespace(
            `${name}-namespace`,
            { metadata: metadata(namespace) },
            { parent: this },
        );
        const wiring = this.install(name, args, home);
        const binding = wiring?.binding ?? (gateway as GatewayBinding);
        const bound = { namespace, binding, cluster, readiness };
        const after = { parent: this, dependsOn: wiring ? [home, wiring] : [home] };
        new AlpaRoute(`${name}-route`, { ...bound, alpa, ownGateway: gateway.installer !== "existing" }, after);
        const consumers = args.consumers.map((consumer) => new Consumer(consumer.name, { ...bound, consumer }, after));

        this.url = `${gateway.url}${PREFIX}`;
        this.credentials = pulumi.secret(
            Object.fromEntries(
                consumers.flatMap((c, i) =>
                    Object.entries(c.keys).map(([id, key]) => [`${args.consumers[i].name}/${id}`, key]),
                ),
            ),
        ) as pulumi.Output<Record<string, string>>;
        this.curl = this.credentials.apply((keys) =>
            Object.fromEntries(Object.entries(keys).map(([who, key]) => [who, curlLine(this.url, key)])),
        );
        this.registerOutputs({ url: this.url, credentials: this.credentials, curl: this.curl });
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
            const policies = new NetworkPolicies(`${name}-policies`, { namespace: apisix }, o);
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

/** Body of a completion of a few tokens, to try things out with. */
export const SAMPLE_COMPLETION = '{"model":"default","prompt":"Paris is","max_tokens":8}';

/** A completion asked for as callers do. */
export function curlLine(url: string, key: string): string {
    return `curl -sS ${url}/completions -H 'apikey: ${key}' -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}'`;
}
