/**
 * Compact JWS: parsed as lua-resty-jwt does, with signatures verified by node:crypto. Texts have one byte per character.
 * Facts: load_jwt and its callees in lib/resty/jwt.lua; apisix/plugins/jwt-auth/parser.lua.
 */
import { constants, createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import { decodeBase64 } from "../../lua/base64";
import { CjsonError, decodeJson } from "../../lua/cjson";

export interface Jwt {
    /** Header and claims can be any JSON value except false, because APISIX does not require objects. */
    header: unknown;
    claims: unknown;
    signed: string;
    /** Undefined if the text is not base64url. Then the signature is invalid. */
    signature: Buffer | undefined;
}

/** Decodes a part of a token. Undefined if it is not JSON, or is `false`, which Lua treats like a missing value. */
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

/** Parses a signed JWT; undefined if the text is not a JWT. Empty parts are ignored, so an additional dot has no effect. */
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

/**
 * Accepted length of PS256, PS384 and PS512 signatures, in bytes. RSA keys of 2048 bits create signatures of this length.
 * Signatures of another length are invalid.
 */
const PSS_BYTES = 256;

/** Whether the signature is valid. @param key bytes of an HMAC secret, or a public key in PEM form */
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
        return false; // if the key is invalid or does not fit the algorithm, every token is rejected
    }
}

function keyOptions(algorithm: string, key: KeyObject) {
    if (algorithm.startsWith("ES")) return { key, dsaEncoding: "ieee-p1363" as const };
    if (algorithm.startsWith("PS"))
        return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return key;
}
