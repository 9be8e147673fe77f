import * as pulumi from "@pulumi/pulumi";
import { provider } from "./awaited-provider";
import type { ObjectRef } from "./cluster-reader";
import type { ClusterAccess } from "./kubeconfig";
import type { Until } from "./readiness";

export interface AwaitedArgs {
    cluster: ClusterAccess;
    object: ObjectRef;
    until: Until;
    /** Of the object, see generation.ts: a new one is waited for anew. */
    generation: pulumi.Input<number | undefined>;
    /** `metadata.uid` of the object, where it may be deleted and made anew in one generation: waited for anew too. */
    uid?: pulumi.Input<string>;
    /** Longest wait, in seconds; for {@link goneAfter} too. */
    timeoutSeconds: number;
    /** How long it must stay ready, in seconds. @default 0 */
    settleSeconds?: number;
    /** A namespace that must be gone before this resource counts as deleted: Rampart leaves it Terminating. */
    goneAfter?: string;
}

/**
 * Waits until a controller has done its part, and fails with the controller's own words when it says no.
 *
 * The Kubernetes provider can wait for a condition too, but does not recognise a final "no": it waits out the whole
 * time and then says only that it timed out. A failed wait is not recorded as done, so the next `up` waits again.
 */
export class Awaited extends pulumi.dynamic.Resource {
    constructor(name: string, args: AwaitedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "Awaited");
    }
}
