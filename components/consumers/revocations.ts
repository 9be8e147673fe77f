import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RevocationsArgs } from "./revocations-provider";

/**
 * Remembers which keys of callers' own this stack has revoked. A config that declares one of them again is rejected in preview,
 * unless it names the revocation. It creates no object outside of the state (decision 0036).
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
