// Decrypts files that are encrypted to SSH keys, according to filippo.io/age (agessh 1.2.1), with other primitives than the
// encrypting side: X25519 of Node.js instead of the library's.
import { strict as assert } from "node:assert";
import {
    constants,
    createDecipheriv,
    createHash,
    createPrivateKey,
    createPublicKey,
    diffieHellman,
    generateKeyPairSync,
    hkdfSync,
    privateDecrypt,
    type KeyObject,
} from "node:crypto";
import type { Identity } from "age-encryption";

/** An SSH key pair: the line of its public file, and the identity that decrypts files encrypted to it. */
export interface SshKey {
    line: string;
    identity: Identity;
}

const sshField = (bytes: Buffer | string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(bytes));
    return Buffer.concat([length, Buffer.from(bytes as string)]);
};
const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
const tagOf = (wire: Buffer) => text(createHash("sha256").update(wire).digest().subarray(0, 4));

/**
 * The line of the public key, and an identity that decrypts the stanza for this key. If there is no such stanza, the
 * identity returns null, because the library expects that.
 */
function reader(type: string, wire: Buffer, open: (args: string[], body: Uint8Array) => Uint8Array): SshKey {
    return {
        line: `${type} ${wire.toString("base64")} comment`,
        identity: {
            unwrapFileKey(stanzas) {
                const found = stanzas.find(({ args }) => args[0] === type && args[1] === tagOf(wire));
                return found ? open(found.args, found.body) : null;
            },
        },
    };
}

export function sshRsa(): SshKey {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { n, e } = publicKey.export({ format: "jwk" });
    const modulus = Buffer.concat([Buffer.alloc(1), Buffer.from(n!, "base64url")]);
    const wire = Buffer.concat([sshField("ssh-rsa"), sshField(Buffer.from(e!, "base64url")), sshField(modulus)]);
    return reader("ssh-rsa", wire, (_args, body) =>
        privateDecrypt(
            {
                key: privateKey,
                padding: constants.RSA_PKCS1_OAEP_PADDING,
                oaepHash: "sha256",
                oaepLabel: Buffer.from("age-encryption.org/v1/ssh-rsa"),
            },
            body,
        ),
    );
}

export function sshEd25519(): SshKey {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = (key: KeyObject, field: "x" | "d") => Buffer.from(key.export({ format: "jwk" })[field]!, "base64url");
    const wire = Buffer.concat([sshField("ssh-ed25519"), sshField(raw(publicKey, "x"))]);
    const label = "age-encryption.org/v1/ssh-ed25519";
    const scalar = x25519Private(createHash("sha512").update(raw(privateKey, "d")).digest().subarray(0, 32));
    return reader("ssh-ed25519", wire, ([, , encoded], body) => {
        const share = Buffer.from(encoded, "base64");
        const tweak = x25519Private(Buffer.from(hkdfSync("sha256", "", wire, label, 32)));
        const shared = exchange(tweak, exchange(scalar, share));
        const own = raw(createPublicKey(scalar), "x");
        const key = Buffer.from(hkdfSync("sha256", shared, Buffer.concat([share, own]), label, 32));
        assert.equal(body.length, 32, "a file key of 16 bytes and its proof");
        const cipher = createDecipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
        cipher.setAuthTag(body.subarray(16));
        return Buffer.concat([cipher.update(body.subarray(0, 16)), cipher.final()]);
    });
}

// The DER bytes before a 32-byte key, from RFC 8410.
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex");

function x25519Private(bytes: Buffer): KeyObject {
    return createPrivateKey({ key: Buffer.concat([PRIVATE, bytes]), format: "der", type: "pkcs8" });
}

function exchange(privateKey: KeyObject, point: Buffer): Buffer {
    const publicKey = createPublicKey({ key: Buffer.concat([PUBLIC, point]), format: "der", type: "spki" });
    return diffieHellman({ privateKey, publicKey });
}
