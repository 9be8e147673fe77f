import { hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * Random bytes of each kind of generated text. The kind is part of the resource's name, so that two texts of one
 * credential differ. A key has 192 bits; a secret for HS256 has 256, the minimum of RFC 7518 (3.2).
 */
const BYTES = { key: 24, "jwt-secret": 32 };

export type Role = keyof typeof BYTES;

/**
 * Generated keys and secrets. Those of a stack derive from one secret seed, each with its own salt, which is created
 * and deleted with its credential: so each secret is unique, and does not change with other credentials.
 *
 * `RandomPassword` for each would hash it with bcrypt, 0.05 s of a core, and cannot be told not to. `RandomBytes` does
 * not, but has the bytes in its id, and no id in a state is secret (pulumi/pulumi#8946). A salt may be read by anyone.
 */
export class GeneratedSecrets {
    private readonly seed: pulumi.Output<string>;

    constructor(
        name: string,
        private readonly parent: pulumi.Resource,
    ) {
        // It exists without any caller too, so that the first caller needs no special case. 64 letters and digits: 381
        // bits.
        this.seed = new random.RandomPassword(`${name}-seed`, { length: 64, special: false }, { parent }).result;
    }

    /** @returns lower case letters and digits; secret */
    make(credential: string, role: Role): pulumi.Output<string> {
        const salt = new random.RandomUuid(`${credential}-${role}`, {}, { parent: this.parent }).result;
        return pulumi.secret(pulumi.all([this.seed, salt]).apply(([seed, of]) => derive(seed, of, role)));
    }
}

/** HKDF (RFC 5869) with SHA-256, as hexadecimal text: what headers, shells and YAML take as it is. */
export function derive(seed: string, salt: string, role: Role): string {
    return Buffer.from(hkdfSync("sha256", seed, salt, `alpa-auth ${role}`, BYTES[role])).toString("hex");
}
