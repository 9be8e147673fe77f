import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { provider } from "./rampart-guard-provider";

/**
 * Blocks the removal of Rampart: it cannot be deleted while any RampartGraph exists in the cluster, ours or another
 * stack's. The resources that it depends on are deleted after it, or not at all.
 */
export class RampartGuard extends pulumi.dynamic.Resource {
    constructor(name: string, cluster: ClusterAccess, opts: pulumi.CustomResourceOptions) {
        super(provider, name, { ...cluster }, opts, "alpa-auth", "RampartGuard");
    }
}
