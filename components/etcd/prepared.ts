import * as pulumi from "@pulumi/pulumi";
import { provider, type EtcdPreparedArgs } from "./prepared-provider";

/**
 * An etcd that asks for its password, and holds what the etcd of before held. The image has no scripts that would do either.
 * What needs etcd depends on this.
 */
export class EtcdPrepared extends pulumi.dynamic.Resource {
    constructor(name: string, args: EtcdPreparedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "EtcdPrepared");
    }
}
