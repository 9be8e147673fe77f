import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

/**
 * Blocks the removal of Rampart: this resource cannot be deleted while any RampartGraph exists in the cluster, of this stack
 * or another. Rampart's resources, which it depends on, are deleted after it or not at all.
 */
export class RampartGuard extends DynamicResource {
    constructor(name: string, cluster: ClusterAccess, opts: pulumi.CustomResourceOptions) {
        super("rampart/rampart-guard-provider", name, { ...cluster }, opts, "RampartGuard");
    }
}
