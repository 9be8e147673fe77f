/** Tokens that callers create, and forged tokens that an attacker creates. */
import { createHmac, generateKeyPairSync, sign as signWith, type KeyObject } from "node:crypto";

export const now = () => Math.floor(Date.now() / 1000);

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with exactly this header and these claims. @param sign returns the signature of the given text */
export function token(header: object, claims: object, sign: (text: string) => Buffer): string {
    const text = `${part(header)}.${part(claims)}`;
    return `${text}.${sign(text).toString("base64url")}`;
}

/** Signs with a shared secret, for HS256 and for forged tokens whose secret is a public key. */
export function hs256(claims: object, secret: string, header: object = {}): string {
    return token({ alg: "HS256", typ: "JWT", ...header }, claims, (text) =>
        createHmac("sha256", secret).update(text).digest(),
    );
}

/** Signs with a private key, in the signature format of its algorithm. */
export function signed(algorithm: "RS256" | "ES256" | "EdDSA", claims: object, key: KeyObject): string {
    const digest = algorithm === "EdDSA" ? null : "sha256";
    return token({ alg: algorithm, typ: "JWT" }, claims, (text) =>
        signWith(digest, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }),
    );
}

export interface Pair {
    privateKey: KeyObject;
    pem: string;
}

export function pair(algorithm: "RS256" | "ES256" | "EdDSA"): Pair {
    const { publicKey, privateKey } =
        algorithm === "RS256"
            ? generateKeyPairSync("rsa", { modulusLength: 2048 })
            : algorithm === "ES256"
              ? generateKeyPairSync("ec", { namedCurve: "P-256" })
              : generateKeyPairSync("ed25519");
    return { privateKey, pem: publicKey.export({ type: "spki", format: "pem" }) as string };
}
