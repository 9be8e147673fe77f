import * as pulumi from "@pulumi/pulumi";
import { provider, type ConsumersAcceptedArgs } from "./consumers-accepted-provider";

/**
 * Waits until every gateway pod authenticates the credentials of each Consumer that is new or changed. The ingress
 * controller's own condition is not enough: it says Available before it sends anything to APISIX. One for all consumers: it
 * lists them once a look, and keeps one number for each in the state.
 */
export class ConsumersAccepted extends pulumi.dynamic.Resource {
    constructor(name: string, args: ConsumersAcceptedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "ConsumersAccepted");
    }
}
