import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

/**
 * Blocks the removal of Rampart: it cannot be deleted while any RampartGraph exists in the cluster, ours or another
 * stack's. The resources that it depends on are deleted after it, or not at all.
 */
export class RampartGuard extends DynamicResource {
    constructor(name: string, cluster: ClusterAccess, opts: pulumi.CustomResourceOptions) {
        super("rampart/rampart-guard-provider", name, { ...cluster }, opts, "RampartGuard");
    }
}
