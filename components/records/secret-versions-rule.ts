import type * as pulumi from "@pulumi/pulumi";

export interface SecretVersionsArgs {
    /** Version of each token's secret, by `<consumer>/<credential>`. */
    versions: Record<string, number>;
    /** Fingerprint of each secret, by `<consumer>/<credential>`; secret. */
    fingerprints: pulumi.Input<Record<string, string>>;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<SecretVersionsArgs>;

export const secretVersionsRule: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    /** Also runs in preview, and compares with the state. A token that is not in the state may start with any version. */
    async check(olds, news) {
        const before = olds.versions ?? {};
        const failures = Object.entries(news.versions)
            .filter(([who, version]) => version < (before[who] ?? 0))
            .map(([who, version]) => ({
                property: "versions",
                reason:
                    `consumers: ${who}: secretVersion must be at least ${before[who]}, which its caller may have (got ${version}). ` +
                    `A lower version does not restore the old secret: set ${before[who]} with its previousSecretExpires, or rotate to ${before[who] + 1}.`,
            }));
        return { inputs: news, failures };
    },
    async diff(_id, olds, news) {
        const text = ({ versions, fingerprints }: Inputs) =>
            JSON.stringify([Object.entries(versions).sort(), Object.entries(fingerprints).sort()]);
        return { changes: text(olds) !== text(news) };
    },
    async create(inputs) {
        return { id: "secret-versions", outs: inputs };
    },
    /** @throws Error with each token whose version was raised without a new secret; the state then keeps the old version */
    async update(_id, olds, inputs) {
        const stale = Object.entries(inputs.versions).filter(
            ([who, version]) =>
                version > (olds.versions[who] ?? version) && inputs.fingerprints[who] === olds.fingerprints[who],
        );
        if (stale.length > 0)
            throw new Error(
                stale
                    .map(
                        ([who, version]) =>
                            `consumers: ${who}: Cloudflare created no new secret for secretVersion ${version} (its answer has the secret of version ${olds.versions[who]}). ` +
                            `The caller's secret expires on the day of previousSecretExpires, or at once if secretVersion is raised. Add a second credential, run: pulumi up --continue-on-error, hand it out, and remove this one when its caller has switched. If no caller uses it, raise secretVersion to ${version + 1} instead.`,
                    )
                    .join("\n"),
            );
        return { outs: inputs };
    },
};
