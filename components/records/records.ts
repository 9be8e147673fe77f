import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import {
    identityProblems,
    type Identity,
    type IdentityArgs,
    type RevocationsArgs,
    type SecretVersionsArgs,
} from "./record-rules";
import type { RecordKind } from "./record-provider";

/** A record that exists only in the state, with a rule how it may change. It creates no object. */
abstract class StateRecord extends DynamicResource {
    protected constructor(kind: RecordKind, name: string, props: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
        super("records/record-provider", name, { kind, ...props }, opts, kind);
    }
}

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

/**
 * Records the keys set by operators that this stack has revoked. A preview rejects a config that declares such a key
 * again, unless it names the revocation (decision 0005). It has no parent, so that a change of option keeps the record.
 */
export class Revocations extends StateRecord {
    constructor(args: RevocationsArgs) {
        super("Revocations", "revocations", { ...args, salt: undefined, revoked: undefined }, {});
    }
}

/**
 * Records the version and fingerprint of each token's secret. A decreased version is rejected in preview, and a raised
 * version without a new secret is an error. Cloudflare's provider reports both as a success. This resource exists only in
 * the state (decision 0005).
 */
export class SecretVersions extends StateRecord {
    constructor(name: string, args: SecretVersionsArgs, opts: pulumi.CustomResourceOptions) {
        super("SecretVersions", name, { ...args }, opts);
    }
}
