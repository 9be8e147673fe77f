import { createHash, createPublicKey } from "node:crypto";

/** The same for one key however it is written, as SPKI with a compressed point too; undefined where it cannot be read. */
export function publicKeyNumbers(pem: string): string | undefined {
    try {
        return JSON.stringify(Object.entries(createPublicKey(pem).export({ format: "jwk" })).sort());
    } catch {
        return undefined; // the config check reports it
    }
}

/** Digest of a key that an operator has set; undefined if there is none. */
export function keyDigest({ key, publicKey }: { key?: unknown; publicKey?: unknown }): string | undefined {
    const of = (kind: string, text: string) => createHash("sha256").update(`${kind} ${text}`).digest("hex");
    if (typeof key === "string") return of("key", key);
    const numbers = typeof publicKey === "string" ? publicKeyNumbers(publicKey) : undefined;
    return numbers === undefined ? undefined : of("public", numbers);
}
