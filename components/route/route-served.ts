import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RouteServedArgs } from "./route-served-provider";

/** Waits until every gateway pod applies the route's new rules. */
export class RouteServed extends DynamicResource {
    constructor(name: string, args: RouteServedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("route/route-served-provider", name, { ...rest, ...cluster }, opts, "RouteServed");
    }
}
