import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { EtcdPreparedArgs } from "./prepared-provider";

/**
 * Prepares etcd: enables its password, and copies the data of an earlier etcd. The image of etcd has no scripts for this.
 * Resources that need etcd depend on this one.
 */
export class EtcdPrepared extends DynamicResource {
    constructor(name: string, args: EtcdPreparedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("etcd/prepared-provider", name, { ...rest, ...cluster }, opts, "EtcdPrepared");
    }
}
