import type * as pulumi from "@pulumi/pulumi";
import { GatewayCluster } from "./gateway-cluster";
import type { GatewayClusterArgs } from "./gateway-args";
import type { ReleaseSettings } from "./apisix/values";
import type { Availability } from "./apisix/availability";
import type { OwnGateway } from "./apisix/installation";

export interface InterClusterArgs extends GatewayClusterArgs {
    /** This project must install the gateway, because it cannot know whether an existing gateway is highly available. */
    gateway: OwnGateway & { release: ReleaseSettings & { availability: Availability } };
}

/** The gateway in a separate cluster, which survives the loss of any single node. Alpa is outside of that cluster. */
export class InterCluster extends GatewayCluster {
    constructor(
        name: string,
        args: InterClusterArgs,
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:InterCluster", name, args, seed, opts);
    }
}
