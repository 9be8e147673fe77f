import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "./dynamic-resource";
import type { AwaitedArgs } from "./awaited-provider";

/** Time limits for the ingress controller. */
export interface AcceptSettings {
    /** Longest wait for one object, in seconds. */
    acceptTimeoutSeconds: number;
    /** Time for which an object must stay accepted if the gateway's pods cannot be queried, in seconds. */
    settleSeconds: number;
}

/**
 * Waits until a controller has accepted an object, and fails with the controller's message if it rejects the object.
 *
 * The Kubernetes provider can wait for a condition too, but does not detect a rejection: it waits until its time limit and
 * reports only a timeout. A failed wait is not stored in the state, so the next `up` waits again.
 */
export class Awaited extends DynamicResource {
    constructor(name: string, args: AwaitedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("kubernetes/awaited-provider", name, { ...rest, ...cluster }, opts, "Awaited");
    }
}
