import * as pulumi from "@pulumi/pulumi";
import type { GatewayPods } from "./gateway-pods";
import type { ClusterAccess } from "./kubeconfig";
import { provider } from "./consumers-provider";

export interface ConsumersAcceptedArgs {
    cluster: ClusterAccess;
    /** Namespace of the consumers and of the route. */
    namespace: string;
    /** `metadata.generation` of each Consumer by its name: those with a new one are waited for. */
    generations: pulumi.Input<Record<string, pulumi.Input<number | undefined>>>;
    /** Digest of the credentials' Secrets of each Consumer by its name; a secret. Another key changes no generation. */
    materials: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** The pods that must authenticate the credentials. */
    gateway: GatewayPods;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long the ingress controller must accept all of them where the pods cannot be asked, in seconds. */
    settleSeconds: number;
}

/**
 * Waits until every gateway pod authenticates the credentials of each Consumer that is new or changed. The ingress
 * controller's own condition is not enough: it says Available before it sends anything to APISIX. One for all consumers: it
 * lists them once a look, and keeps one number for each in the state.
 */
export class ConsumersAccepted extends pulumi.dynamic.Resource {
    constructor(name: string, args: ConsumersAcceptedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "ConsumersAccepted");
    }
}
