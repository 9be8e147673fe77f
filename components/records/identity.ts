import type * as pulumi from "@pulumi/pulumi";
import type { Identity, IdentityArgs } from "./identity-rule";
import { StateRecord } from "./state-record";

/**
 * Records in the state what the stack is bound to. A run with another cluster fails here, in preview too. So it must be
 * registered before every other resource.
 */
export class StackIdentity extends StateRecord {
    declare readonly identities: pulumi.Output<Record<string, Identity>>;

    constructor(name: string, args: IdentityArgs) {
        super("StackIdentity", name, args, {});
    }

    /** Resolves when Pulumi has compared the identity with the recorded one. */
    async registered(): Promise<void> {
        await new Promise((resolve) => this.urn.apply(resolve));
    }
}
