import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { EtcdPreparedArgs } from "./prepared-provider";

/**
 * Prepares etcd: it requires its password, and has the data of the earlier etcd. The image has no scripts that would do
 * either. What needs etcd depends on this.
 */
export class EtcdPrepared extends DynamicResource {
    constructor(name: string, args: EtcdPreparedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("etcd/prepared-provider", name, { ...rest, ...cluster }, opts, "EtcdPrepared");
    }
}
