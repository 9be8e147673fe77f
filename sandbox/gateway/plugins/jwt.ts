/** Compact JWS: reading, and checking signatures with node:crypto. */
import { constants, createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from "node:crypto";

export interface Jwt {
    header: Record<string, unknown>;
    claims: Record<string, unknown>;
    signed: string;
    signature: Buffer;
}

function decodePart(part: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

/** Undefined when the text is no signed JWT: wrong number of parts, no JSON inside, an empty signature. */
export function parseJwt(token: string): Jwt | undefined {
    const parts = token.split(".");
    if (parts.length !== 3 || parts[2] === "") return undefined;
    if (parts.some((p) => !/^[A-Za-z0-9_-]+$/.test(p))) return undefined;
    const header = decodePart(parts[0]);
    const claims = decodePart(parts[1]);
    if (!header || !claims || header.alg === "none") return undefined;
    return { header, claims, signed: `${parts[0]}.${parts[1]}`, signature: Buffer.from(parts[2], "base64url") };
}

export const HMAC_ALGORITHMS = ["HS256", "HS384", "HS512"];
export const ALGORITHMS = [
    ...HMAC_ALGORITHMS,
    ...["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"],
];

/** @param key HMAC secret bytes, or a public key in PEM */
export function verifySignature(jwt: Jwt, algorithm: string, key: Buffer | string): boolean {
    const hash = `sha${algorithm.slice(2)}`;
    if (algorithm.startsWith("HS")) {
        const expected = createHmac(hash, key).update(jwt.signed).digest();
        return expected.length === jwt.signature.length && timingSafeEqual(expected, jwt.signature);
    }
    try {
        return verify(
            algorithm === "EdDSA" ? null : hash,
            Buffer.from(jwt.signed),
            keyOptions(algorithm, createPublicKey(key)),
            jwt.signature,
        );
    } catch {
        return false; // a key that is no key, or of another kind: every token is refused
    }
}

function keyOptions(algorithm: string, key: KeyObject) {
    if (algorithm.startsWith("ES")) return { key, dsaEncoding: "ieee-p1363" as const };
    if (algorithm.startsWith("PS"))
        return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    return key;
}
