import * as pulumi from "@pulumi/pulumi";
import type { GatewayPods } from "./gateway-pods";
import type { ClusterAccess } from "./kubeconfig";
import { provider } from "./route-served-provider";

export interface RouteServedArgs {
    cluster: ClusterAccess;
    /** The pods that must answer by the new rules. */
    gateway: GatewayPods;
    /** What the answers of the rules carry in {@link REVISION_HEADER}. */
    revision: string;
    /** Another number has it proved again, whatever was proved last. */
    attempt: number;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long to wait where the pods cannot be asked, in seconds. */
    settleSeconds: number;
}

/** Waits until every gateway pod answers by the route's new rules. */
export class RouteServed extends pulumi.dynamic.Resource {
    constructor(name: string, args: RouteServedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "RouteServed");
    }
}
