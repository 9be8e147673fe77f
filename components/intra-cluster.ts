import type * as pulumi from "@pulumi/pulumi";
import { GatewayCluster, type GatewayClusterArgs } from "./gateway-cluster";

/** The gateway on the nodes that run Alpa. */
export class IntraCluster extends GatewayCluster {
    constructor(name: string, args: GatewayClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:IntraCluster", name, args, opts);
    }
}
