import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { derivedBytes, randomSeed } from "../kubernetes/secret-data";
import { fingerprints } from "../meaning/fingerprint";

/**
 * Number of random bytes in each kind of generated text. The kind is part of the resource's name, so that two texts of one
 * credential differ. A key has 192 bits; a secret for HS256 has 256, the minimum of RFC 7518 (3.2).
 */
const BYTES = { key: 24, "jwt-secret": 32 };

type Role = keyof typeof BYTES;

/** A generated secret. */
interface Generated {
    /** Lower case letters and digits; secret. Undefined if a run with `--target` does not create the salt. */
    secret: pulumi.Output<string>;
    /** Changes with the secret. */
    fingerprint: pulumi.Input<string> | undefined;
}

/**
 * The secret of a stack from which all keys are derived, each with its own salt. It exists even without callers, so that
 * the first caller needs no special handling.
 */
export function stackSeed(opts: pulumi.ResourceOptions = {}): pulumi.Output<string> {
    return pulumi.secret(randomSeed(SEED, opts));
}

/** Name of the resource of {@link stackSeed}. */
const SEED = "seed";

/**
 * A generated key or secret. Its salt is created and deleted with its credential, so each secret is unique and independent
 * of other credentials.
 *
 * The secret itself is not a random resource: a `RandomPassword` hashes its value with bcrypt, which takes 0.05 s of a
 * core, and `RandomBytes` has the bytes in its id, which the state stores in plain text (pulumi/pulumi#8946). For a salt
 * this is no problem.
 * @param credential name of the credential's Secret
 */
export function generatedSecret(
    credential: string,
    role: Role,
    seed: pulumi.Output<string>,
    parent: pulumi.Resource,
): Generated {
    const salt: pulumi.Output<string | undefined> = new random.RandomUuid(`${credential}-${role}`, {}, { parent })
        .result;
    const text = pulumi.all([seed, salt]).apply(([key, of]) => of && derive(key, of, role));
    return {
        secret: pulumi.secret(text as pulumi.Output<string>),
        fingerprint: fingerprints(seed)(salt as pulumi.Output<string>),
    };
}

/** Hexadecimal text, which needs no quoting in headers, shells and YAML. */
export function derive(seed: string, salt: string, role: Role): string {
    return derivedBytes(seed, salt, role, BYTES[role]).toString("hex");
}
