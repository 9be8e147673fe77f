import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { GatewayServesArgs } from "./gateway-serves-provider";

/**
 * Proves that every gateway pod applies the route and the callers, or that every gateway pod rejects removed credentials.
 * One such resource for all callers makes one list request for each poll, and stores one number for each in the state.
 *
 * A stack has two. The last resource proves what is new when it is created and updated. But Pulumi deletes a removed
 * Consumer after all updates, so the proof of a removal is a deletion that comes later: the resource with `credentials` is
 * replaced when one is removed. All Consumers depend on it, so that it is deleted after the Consumer. It depends on the
 * Secrets of the credentials, so these still exist for the requests.
 */
export class GatewayServes extends DynamicResource {
    constructor(name: string, args: GatewayServesArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, readiness, ...rest } = args;
        const { acceptTimeoutSeconds: timeoutSeconds, settleSeconds } = readiness;
        const props = { ...rest, timeoutSeconds, settleSeconds, ...cluster };
        super("consumers/gateway-serves-provider", name, props, opts, "GatewayServes");
    }
}
