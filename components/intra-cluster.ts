import type * as pulumi from "@pulumi/pulumi";
import { GatewayCluster } from "./gateway-cluster";
import type { GatewayClusterArgs } from "./gateway-args";

/** The gateway on the nodes that run Alpa. */
export class IntraCluster extends GatewayCluster {
    constructor(
        name: string,
        args: GatewayClusterArgs,
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:IntraCluster", name, args, seed, opts);
    }
}
