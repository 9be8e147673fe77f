import * as pulumi from "@pulumi/pulumi";
import { provider, type SecretVersionsArgs } from "./secret-versions-provider";

/**
 * Remembers which version of a token's secret has which fingerprint. A decreased version is rejected in preview, and a
 * raised version without a new secret is an error: the provider reports both as a success. It creates no object outside
 * of the state (decision 0017).
 */
export class SecretVersions extends pulumi.dynamic.Resource {
    constructor(name: string, args: SecretVersionsArgs, opts: pulumi.CustomResourceOptions) {
        super(provider, name, { ...args }, opts, "alpa-auth", "SecretVersions");
    }
}
