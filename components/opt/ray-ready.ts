import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RayReadyArgs } from "./ray-ready-provider";

/**
 * Waits until a RayCluster runs with its model loaded, or until none of its pods exists. The error for a failing pod quotes
 * the cluster's reason, for example an image that cannot be pulled or a container that keeps exiting.
 */
export class RayReady extends DynamicResource {
    constructor(name: string, args: RayReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("opt/ray-ready-provider", name, { ...rest, ...cluster }, opts, "RayReady");
    }
}
