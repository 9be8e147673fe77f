/**
 * Encrypts to SSH keys in the same way as the program age (package agessh of filippo.io/age 1.2.1). No library for Node.js
 * can do this. Use it only for callers without an age key, because age advises to use SSH keys only for login.
 */
import { constants, createCipheriv, createHash, createPublicKey, hkdfSync, publicEncrypt } from "node:crypto";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { Stanza, type Recipient } from "age-encryption";

const ED25519 = "age-encryption.org/v1/ssh-ed25519";
const RSA = "age-encryption.org/v1/ssh-rsa";
/** Shortest RSA key that the program age accepts, in bits. */
const SHORTEST_RSA = 2048;

/** @param line a line of `id_ed25519.pub` or `authorized_keys`, without options @throws Error that says what is wrong */
export function sshRecipient(line: string): Recipient {
    const [type, encoded = ""] = line.trim().split(/\s+/);
    const wire = Buffer.from(encoded, "base64");
    const [name, ...fields] = wireFields(wire);
    if (wire.toString("base64") !== encoded || name.toString() !== type) throw new Error("it is damaged");
    // The caller's age program selects the key to try by this tag.
    const tag = base64(createHash("sha256").update(wire).digest().subarray(0, 4));
    if (type === "ssh-ed25519" && fields.length === 1) return ed25519Recipient(tag, wire, fields[0]);
    if (type === "ssh-rsa" && fields.length === 2) return rsaRecipient(tag, fields[0], fields[1]);
    throw new Error("the key is neither ssh-ed25519 nor ssh-rsa");
}

function ed25519Recipient(tag: string, wire: Buffer, key: Buffer): Recipient {
    const theirs = ed25519.utils.toMontgomery(key);
    return {
        wrapFileKey(fileKey) {
            const ephemeral = x25519.utils.randomSecretKey();
            const share = x25519.getPublicKey(ephemeral);
            // As in age, the shared secret depends on the whole SSH key, and not only on the X25519 key derived from it.
            const tweak = new Uint8Array(hkdfSync("sha256", "", wire, ED25519, 32));
            const shared = x25519.getSharedSecret(tweak, x25519.getSharedSecret(ephemeral, theirs));
            const wrapping = new Uint8Array(hkdfSync("sha256", shared, Buffer.concat([share, theirs]), ED25519, 32));
            // Each wrapping key is used once, so its nonce may be zero.
            const cipher = createCipheriv("chacha20-poly1305", wrapping, new Uint8Array(12), { authTagLength: 16 });
            const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
            return [new Stanza(["ssh-ed25519", tag, base64(share)], body)];
        },
    };
}

function rsaRecipient(tag: string, e: Buffer, n: Buffer): Recipient {
    const number = (bytes: Buffer) => bytes.subarray(bytes[0] === 0 ? 1 : 0).toString("base64url");
    const key = createPublicKey({ key: { kty: "RSA", e: number(e), n: number(n) }, format: "jwk" });
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < SHORTEST_RSA)
        throw new Error(`the key has fewer than ${SHORTEST_RSA} bits`);
    return {
        wrapFileKey(fileKey) {
            const padding = constants.RSA_PKCS1_OAEP_PADDING;
            const body = publicEncrypt({ key, padding, oaepHash: "sha256", oaepLabel: Buffer.from(RSA) }, fileKey);
            return [new Stanza(["ssh-rsa", tag], body)];
        },
    };
}

/** Fields of an SSH key in wire format: each is preceded by its length. */
function wireFields(wire: Buffer): Buffer[] {
    const fields: Buffer[] = [];
    for (let at = 0; at < wire.length;) {
        const end = at + 4 <= wire.length ? at + 4 + wire.readUInt32BE(at) : Infinity;
        if (end > wire.length) throw new Error("the key is incomplete");
        fields.push(wire.subarray(at + 4, end));
        at = end;
    }
    if (fields.length === 0) throw new Error("the key is empty");
    return fields;
}

/** Base64 without padding, as in the header of an age file. */
function base64(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
