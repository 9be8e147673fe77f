import { hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * Renders `data` of a Secret from plain texts. With `stringData` the provider itself adds `data` as soon as the texts are
 * known. The run then differs from its preview, and `pulumi up --plan` rejects its own plan (provider 4.34, engine 3.274).
 * A text is undefined if a run with `--target` does not create what it comes from. Such a run does not create the Secret either.
 */
export function secretData(texts: Record<string, pulumi.Input<string>>): Record<string, pulumi.Output<string>> {
    const encoded = (text: pulumi.Input<string>) =>
        pulumi.output(text).apply((plain: string | undefined) => Buffer.from(plain ?? "").toString("base64"));
    return Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, encoded(text)]));
}

/** Outputs by name as one secret output. */
export function secretMap<T>(values: Record<string, pulumi.Output<T>>): pulumi.Output<Record<string, T>> {
    return pulumi.secret(values) as pulumi.Output<Record<string, T>>;
}

/** A secret from which others are derived. 64 letters and digits have 381 bits. */
export function randomSeed(name: string, opts: pulumi.ResourceOptions): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 64, special: false }, opts).result;
}

/** HKDF (RFC 5869) with SHA-256. @param role use of the bytes: each role has its own */
export function derivedBytes(seed: string, salt: string, role: string, bytes: number): Buffer {
    return Buffer.from(hkdfSync("sha256", seed, salt, `alpa-auth ${role}`, bytes));
}

/**
 * A secret from a seed that several secrets share, by default as 48 hexadecimal digits (192 bits). Undefined if a run with
 * `--target` does not create the seed.
 * @param as renders 24 random bytes
 */
export function derivedSecret(
    seed: pulumi.Output<string>,
    role: string,
    as = (bytes: Buffer) => bytes.toString("hex"),
): pulumi.Output<string> {
    const text = seed.apply((of: string | undefined) => of && as(derivedBytes(of, "", role, 24)));
    return pulumi.secret(text as pulumi.Output<string>);
}
