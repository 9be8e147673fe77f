import type * as pulumi from "@pulumi/pulumi";
import type { SecretVersionsArgs } from "./secret-versions-rule";
import { StateRecord } from "./state-record";

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
