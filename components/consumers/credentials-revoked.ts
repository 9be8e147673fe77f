import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { CredentialsRevokedArgs } from "./credentials-revoked-provider";

/**
 * Delays the end of an `up` that removes credentials until every gateway pod rejects them.
 *
 * Pulumi deletes last, and deletes dependants before the resource itself. So this resource is replaced when a credential is
 * removed. The Consumers depend on it, so the old resource is deleted after them, and its deletion verifies the pods. It
 * depends on the credentials' Secrets, which then still exist for the requests of the verification.
 */
export class CredentialsRevoked extends DynamicResource {
    constructor(name: string, args: CredentialsRevokedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("consumers/credentials-revoked-provider", name, { ...rest, ...cluster }, opts, "CredentialsRevoked");
    }
}
