import { createHash, createPublicKey } from "node:crypto";

/** Text that is the same for every encoding of a public key, for example with a compressed point; undefined if invalid. */
export function publicKeyNumbers(pem: string): string | undefined {
    try {
        return JSON.stringify(Object.entries(createPublicKey(pem).export({ format: "jwk" })).sort());
    } catch {
        return undefined; // The config check reports an invalid key.
    }
}

/** Digest of a key that an operator has set; undefined if there is none. */
export function keyDigest({ key, publicKey }: { key?: unknown; publicKey?: unknown }): string | undefined {
    const of = (kind: string, text: string) => createHash("sha256").update(`${kind} ${text}`).digest("hex");
    if (typeof key === "string") return of("key", key);
    const numbers = typeof publicKey === "string" ? publicKeyNumbers(publicKey) : undefined;
    return numbers === undefined ? undefined : of("public", numbers);
}
