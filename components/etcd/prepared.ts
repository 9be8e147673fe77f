import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { EtcdPreparedArgs } from "./prepared-provider";

/**
 * Enables the password of etcd, whose image has no scripts for this. Resources that need etcd depend on this one.
 */
export class EtcdPrepared extends DynamicResource {
    constructor(name: string, args: EtcdPreparedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("etcd/prepared-provider", name, { ...rest, ...cluster }, opts, "EtcdPrepared");
    }
}
