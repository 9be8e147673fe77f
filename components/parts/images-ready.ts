import * as pulumi from "@pulumi/pulumi";
import { provider } from "./images-ready-provider";
import type { ClusterAccess } from "./kubeconfig";

export interface ImagesReadyArgs {
    cluster: ClusterAccess;
    namespace: string;
    /** Name of the DaemonSet. */
    name: string;
    /** How many nodes must have a pod of it. */
    nodes: number;
    /** `metadata.generation` of the object: a new one is waited for anew. */
    generation: pulumi.Input<number | undefined>;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
}

/**
 * Waits until image and weights are on every node. Says why they are not in the words of the kubelet, and ends early where no
 * further try makes it good: an image that is not there, a folder that is missing.
 */
export class ImagesReady extends pulumi.dynamic.Resource {
    constructor(name: string, args: ImagesReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "ImagesReady");
    }
}
