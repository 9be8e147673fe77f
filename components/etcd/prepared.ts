import * as pulumi from "@pulumi/pulumi";
import { provider, type EtcdPreparedArgs } from "./prepared-provider";

/**
 * Prepares etcd: it requires its password, and has the data of the earlier etcd. The image has no scripts that would do
 * either. What needs etcd depends on this.
 */
export class EtcdPrepared extends pulumi.dynamic.Resource {
    constructor(name: string, args: EtcdPreparedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "EtcdPrepared");
    }
}
