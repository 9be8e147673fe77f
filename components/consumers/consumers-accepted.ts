import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ConsumersAcceptedArgs } from "./consumers-accepted-provider";

/**
 * Waits until every gateway pod authenticates the credentials of each Consumer that is new or changed. The ingress
 * controller's own condition is not enough: it says Available before it sends anything to APISIX. One for all consumers: it
 * lists them once a look, and keeps one number for each in the state.
 */
export class ConsumersAccepted extends DynamicResource {
    constructor(name: string, args: ConsumersAcceptedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("consumers/consumers-accepted-provider", name, { ...rest, ...cluster }, opts, "ConsumersAccepted");
    }
}
