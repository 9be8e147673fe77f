import type * as pulumi from "@pulumi/pulumi";
import { GatewayCluster, type GatewayClusterArgs } from "./gateway-cluster";

/** The gateway on the nodes that run Alpa: from the entry point to the upstream, in the order traffic meets it. */
export class IntraCluster extends GatewayCluster {
    constructor(name: string, args: GatewayClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:components:IntraCluster", name, args, opts);
    }
}
