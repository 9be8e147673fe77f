import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import { identityProblems, type Identity, type IdentityArgs } from "./identity-provider";

/**
 * Records in the state what the stack is bound to. A run with another cluster fails here, in preview too. So it must be
 * registered before every other resource.
 */
export class StackIdentity extends DynamicResource {
    declare readonly identities: pulumi.Output<Record<string, Identity>>;

    constructor(
        name: string,
        private readonly args: IdentityArgs,
    ) {
        super("identity/identity-provider", name, args, {}, "StackIdentity");
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
