/**
 * Compact JWS: reading as lua-resty-jwt does, and checking signatures with node:crypto. Texts hold one byte per character.
 * Facts: load_jwt and what it calls in lib/resty/jwt.lua; apisix/plugins/jwt-auth/parser.lua.
 */
import { constants, createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import { decodeBase64 } from "../../lua/base64";
import { CjsonError, decodeJson } from "../../lua/cjson";

export interface Jwt {
    /** Any JSON value except false, as for the claims: APISIX does not require an object. */
    header: unknown;
    claims: unknown;
    signed: string;
    /** Undefined when it is not base64url: it matches nothing then. */
    signature: Buffer | undefined;
}

/** Undefined when there is no JSON in it; Lua takes a decoded false for nothing, too. */
function decodePart(part: string): unknown {
    const raw = decodeBase64(part.replace(/-/g, "+").replace(/_/g, "/"));
    try {
        const value = raw && decodeJson(raw.toString("latin1"));
        return value === false ? undefined : value;
    } catch (error) {
        if (error instanceof CjsonError) return undefined;
        throw error;
    }
}

/** Undefined when the text is no signed JWT. Empty parts do not count, so a further dot changes nothing. */
export function parseJwt(token: string): Jwt | undefined {
    const parts = token.split(".").filter((part) => part !== "");
    if (parts.length !== 3) return undefined;
    const [header, claims] = parts.map(decodePart);
    if (header === undefined || claims === undefined) return undefined;
    return { header, claims, signed: `${parts[0]}.${parts[1]}`, signature: decodeBase64(parts[2], "base64url") };
}

export const HMAC_ALGORITHMS = ["HS256", "HS384", "HS512"];
export const ALGORITHMS = [
    ...HMAC_ALGORITHMS,
    ...["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"],
];

/** Length of a PS256, PS384 or PS512 signature: RSA keys of another size than 2048 bits are no use. */
const PSS_BYTES = 256;

/** @param key HMAC secret bytes, or a public key in PEM */
export function verifySignature(jwt: Jwt, algorithm: string, key: Buffer | string): boolean {
    const { signed, signature } = jwt;
    if (!signature) return false;
    const hash = `sha${algorithm.slice(2)}`;
    if (algorithm.startsWith("HS")) {
        const expected = createHmac(hash, key).update(signed, "latin1").digest();
        return expected.length === signature.length && timingSafeEqual(expected, signature);
    }
    if (algorithm.startsWith("PS") && signature.length !== PSS_BYTES) return false;
    try {
        return verify(
            algorithm === "EdDSA" ? null : hash,
            Buffer.from(signed, "latin1"),
            keyOptions(algorithm, createPublicKey(key)),
            signature,
        );
    } catch {
        return false; // a key that is no key, or of another kind: every token is refused
    }
}

function keyOptions(algorithm: string, key: KeyObject) {
    if (algorithm.startsWith("ES")) return { key, dsaEncoding: "ieee-p1363" as const };
    if (algorithm.startsWith("PS"))
        return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return key;
}
