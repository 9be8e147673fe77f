import type * as pulumi from "@pulumi/pulumi";
import { identityProblems, type Identity, type IdentityArgs } from "./identity-rule";
import { StateRecord } from "./state-record";

/**
 * Records in the state what the stack is bound to. A run with another cluster fails here, in preview too. So it must be
 * registered before every other resource.
 */
export class StackIdentity extends StateRecord {
    declare readonly identities: pulumi.Output<Record<string, Identity>>;

    constructor(
        name: string,
        private readonly args: IdentityArgs,
    ) {
        super("StackIdentity", name, args, {});
    }

    /**
     * Resolves when Pulumi has compared the identity with the recorded one.
     * @returns the problems that Pulumi has not compared: if `--target` or `--exclude` leaves this resource out, Pulumi does not
     * call its provider, and returns what is recorded
     */
    async registered(): Promise<string[]> {
        const identities = await new Promise<Record<string, Identity>>((resolve) => this.identities.apply(resolve));
        return identityProblems({ identities }, this.args);
    }
}
