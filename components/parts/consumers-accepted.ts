import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "./kubeconfig";
import { provider } from "./consumers-provider";

export interface ConsumersAcceptedArgs {
    cluster: ClusterAccess;
    /** Namespace of the consumers and of the route. */
    namespace: string;
    /** `metadata.generation` of each Consumer by its name: those with a new one are waited for. */
    generations: pulumi.Input<Record<string, pulumi.Input<number | undefined>>>;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long all of it must hold, in seconds. */
    settleSeconds: number;
}

/**
 * Waits until the ingress controller has taken every Consumer that is new or changed, and APISIX has taken what the
 * controller sent. One for all consumers: it lists them once a look, and keeps one number for each in the state.
 */
export class ConsumersAccepted extends pulumi.dynamic.Resource {
    constructor(name: string, args: ConsumersAcceptedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "ConsumersAccepted");
    }
}
