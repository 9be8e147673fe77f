import * as pulumi from "@pulumi/pulumi";
import { keyLine, secretMap } from "./gateway-cluster";
import type { AcceptSettings } from "./kubernetes/awaited";
import { Consumers, type ConsumerSettings } from "./consumers/consumers";
import type { ClusterAccess } from "./kubernetes/kubeconfig";
import { APISIX_PODS } from "./kubernetes/network-policies";
import type { SharedGateway } from "./consumers/shared-gateway";

export interface GatewayCallersArgs {
    cluster: ClusterAccess;
    /** The gateway that the callers use, which belongs to another stack. */
    gateway: SharedGateway;
    /** Time limits, in seconds. */
    readiness: AcceptSettings;
    consumers: ConsumerSettings[];
}

/** Callers of another stack's gateway. Namespace, route and other objects belong to that stack. */
export class GatewayCallers extends pulumi.ComponentResource {
    /** Entry point of callers, without a trailing slash. */
    readonly url: string;
    /** Key by `<consumer>/<credential>`; secret. */
    readonly credentials: pulumi.Output<Record<string, string>>;
    /** Secret that signs the tokens of a credential with HS256, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: pulumi.Output<Record<string, string>>;
    /** A curl command with the first key, ready to paste; secret. */
    readonly curl: pulumi.Output<string>;

    constructor(name: string, args: GatewayCallersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:GatewayCallers", name, {}, opts);
        const { gateway, cluster, readiness } = args;
        const { namespace, binding, counters } = gateway;

        const consumers = new Consumers(
            `${name}-consumers`,
            {
                ...{ namespace, binding, counters, cluster, readiness },
                consumers: args.consumers,
                // The gateway belongs to another stack, so the user may lack the permission to query its pods. A run
                // then waits for the settle time.
                pods: {
                    namespace: binding.gatewayNamespace,
                    labels: APISIX_PODS.matchLabels,
                    unasked: "settle",
                },
            },
            { parent: this },
        );

        this.url = gateway.url;
        this.credentials = secretMap(consumers.keys);
        this.jwtSecrets = secretMap(consumers.jwtSecrets);
        this.curl = this.credentials.apply((keys) => keyLine(this.url, Object.values(keys)[0]));
        this.registerOutputs({ url: this.url });
    }
}
