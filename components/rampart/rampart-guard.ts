import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

/**
 * Blocks the removal of Rampart: this resource cannot be deleted while the cluster has a RampartGraph of any stack. It
 * depends on Rampart's resources, so Pulumi deletes Rampart only after this resource.
 */
export class RampartGuard extends DynamicResource {
    constructor(name: string, cluster: ClusterAccess, opts: pulumi.CustomResourceOptions) {
        super("rampart/rampart-guard-provider", name, { ...cluster }, opts, "RampartGuard");
    }
}
