import * as pulumi from "@pulumi/pulumi";
import { provider, type RouteServedArgs } from "./route-served-provider";

/** Waits until every gateway pod applies the route's new rules. */
export class RouteServed extends pulumi.dynamic.Resource {
    constructor(name: string, args: RouteServedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "RouteServed");
    }
}
