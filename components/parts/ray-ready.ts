import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "./kubeconfig";
import { provider } from "./ray-ready-provider";

export interface RayReadyArgs {
    cluster: ClusterAccess;
    namespace: string;
    /** Name of the RayCluster. */
    name: string;
    /** Whether all pods must be ready, and so the model loaded; otherwise none may be left. */
    running: boolean;
    /** `metadata.generation` of the object: a new one is waited for anew. */
    generation: pulumi.Input<number | undefined>;
    /** Another number is waited for anew too. */
    attempt: number;
    /** The run leads nowhere new: for another attempt alone nobody waits then until it runs. */
    back?: boolean;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long it must stay so, in seconds. */
    settleSeconds: number;
}

/**
 * Waits until a RayCluster runs with its model loaded, or until nothing of it does. What is wrong with a pod is said in the
 * words of the cluster: an image that cannot be pulled, a container that ends again and again.
 */
export class RayReady extends pulumi.dynamic.Resource {
    constructor(name: string, args: RayReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "RayReady");
    }
}
