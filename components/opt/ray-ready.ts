import * as pulumi from "@pulumi/pulumi";
import { provider, type RayReadyArgs } from "./ray-ready-provider";

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
