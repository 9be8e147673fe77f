import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { SecretVersionsArgs } from "./secret-versions-provider";

/**
 * Remembers which version of a token's secret has which fingerprint. A decreased version is rejected in preview, and a
 * raised version without a new secret is an error: the provider reports both as a success. It creates no object outside
 * of the state (decision 0017).
 */
export class SecretVersions extends DynamicResource {
    constructor(name: string, args: SecretVersionsArgs, opts: pulumi.CustomResourceOptions) {
        super("cloudflare/secret-versions-provider", name, { ...args }, opts, "SecretVersions");
    }
}
