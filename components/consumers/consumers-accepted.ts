import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ConsumersAcceptedArgs } from "./consumers-accepted-provider";

/**
 * Waits until every gateway pod authenticates the credentials of each new or changed Consumer. The ingress controller's
 * condition is not enough: it is Available before the controller sends the change to APISIX. One such resource for
 * all consumers makes one list request for each poll, and stores one number for each consumer in the state.
 */
export class ConsumersAccepted extends DynamicResource {
    constructor(name: string, args: ConsumersAcceptedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("consumers/consumers-accepted-provider", name, { ...rest, ...cluster }, opts, "ConsumersAccepted");
    }
}
