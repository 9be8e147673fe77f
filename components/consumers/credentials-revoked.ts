import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { CredentialsRevokedArgs } from "./credentials-revoked-provider";

/**
 * Ends an `up` that removes credentials only when every gateway pod rejects them.
 *
 * Pulumi deletes last, and what depends on a resource before the resource itself. So this resource is replaced when a
 * credential is removed: the Consumers depend on it, which means that the old one is deleted after them, and its deletion is
 * the proof. It depends on the credentials' Secrets, so they still exist then, for the requests of the proof.
 */
export class CredentialsRevoked extends DynamicResource {
    constructor(name: string, args: CredentialsRevokedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("consumers/credentials-revoked-provider", name, { ...rest, ...cluster }, opts, "CredentialsRevoked");
    }
}
