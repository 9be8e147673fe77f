import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RevocationsArgs } from "./revocations-provider";

/**
 * Records the revoked keys of this stack that it did not generate. A config that declares a revoked key again is rejected in
 * preview, unless `readmit` names the revocation. This resource exists only in the state (decision 0036).
 */
export class Revocations extends DynamicResource {
    constructor(name: string, args: RevocationsArgs, opts: pulumi.CustomResourceOptions) {
        super(
            "consumers/revocations-provider",
            name,
            { ...args, salt: undefined, revoked: undefined },
            opts,
            "Revocations",
        );
    }
}
