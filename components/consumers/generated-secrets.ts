import { hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * Number of random bytes in each kind of generated text. The kind is part of the resource's name, so that two texts of one
 * credential differ. A key has 192 bits; a secret for HS256 has 256, the minimum of RFC 7518 (3.2).
 */
const BYTES = { key: 24, "jwt-secret": 32 };

type Role = keyof typeof BYTES;

/**
 * Generated keys and secrets. All are derived from one secret seed of the stack, each with its own salt. The salt is created
 * and deleted with its credential, so each secret is unique and independent of other credentials.
 *
 * The secrets themselves are not random resources: a `RandomPassword` hashes its value with bcrypt, which takes 0.05 s of a
 * core, and `RandomBytes` has the bytes in its id, which the state stores in plain text (pulumi/pulumi#8946). For a salt
 * this is no problem.
 */
export class GeneratedSecrets {
    private readonly seed: pulumi.Output<string>;

    constructor(
        name: string,
        private readonly parent: pulumi.Resource,
    ) {
        // The seed exists even without callers, so that the first caller needs no special handling. 64 letters and
        // digits have 381 bits.
        this.seed = new random.RandomPassword(`${name}-seed`, { length: 64, special: false }, { parent }).result;
    }

    /** @returns lower case letters and digits; secret. Undefined if a run with `--target` does not create the salt */
    make(credential: string, role: Role): pulumi.Output<string> {
        const salt: pulumi.Output<string | undefined> = new random.RandomUuid(
            `${credential}-${role}`,
            {},
            { parent: this.parent },
        ).result;
        const text = pulumi.all([this.seed, salt]).apply(([seed, of]) => of && derive(seed, of, role));
        return pulumi.secret(text as pulumi.Output<string>);
    }
}

/** HKDF (RFC 5869) with SHA-256, as hexadecimal text, which needs no quoting in headers, shells and YAML. */
export function derive(seed: string, salt: string, role: Role): string {
    return Buffer.from(hkdfSync("sha256", seed, salt, `alpa-auth ${role}`, BYTES[role])).toString("hex");
}
