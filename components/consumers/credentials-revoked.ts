import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { CredentialsRevokedArgs } from "./credentials-revoked-provider";

/**
 * Delays the end of an `up` that removes credentials until every gateway pod rejects them.
 *
 * Pulumi runs deletions at the end of an `up`, and deletes a resource only after the resources that depend on it. Removing
 * a credential replaces this resource. The Consumers depend on it, so the old resource is deleted after removed Consumers,
 * and its deletion queries the pods. It depends on the Secrets of the credentials, so these still exist for the queries.
 */
export class CredentialsRevoked extends DynamicResource {
    constructor(name: string, args: CredentialsRevokedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("consumers/credentials-revoked-provider", name, { ...rest, ...cluster }, opts, "CredentialsRevoked");
    }
}
