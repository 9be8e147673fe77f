import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "./dynamic-resource";
import type { AwaitedArgs } from "./awaited-provider";

/** How long to wait for the ingress controller. */
export interface AcceptSettings {
    /** Longest wait for one object, in seconds. */
    acceptTimeoutSeconds: number;
    /** How long an object must stay accepted where the gateway's pods cannot be asked, in seconds. */
    settleSeconds: number;
}

/**
 * Waits until a controller has done its part, and fails with the controller's own message when it rejects the object.
 *
 * The Kubernetes provider can wait for a condition too, but does not recognise a final "no": it waits out the whole
 * time and then says only that it timed out. A failed wait is not recorded as done, so the next `up` waits again.
 */
export class Awaited extends DynamicResource {
    constructor(name: string, args: AwaitedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("kubernetes/awaited-provider", name, { ...rest, ...cluster }, opts, "Awaited");
    }
}
