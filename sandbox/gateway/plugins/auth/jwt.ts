/**
 * Compact JWS: parsed as lua-resty-jwt does, with signatures verified by node:crypto. Texts have one byte per character.
 * Facts: load_jwt and its callees in lib/resty/jwt.lua; apisix/plugins/jwt-auth/parser.lua.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { decodeJson } from "../../lua/cjson";

export interface Jwt {
    /** Header and claims can be any JSON value except false, because APISIX does not require objects. */
    header: unknown;
    claims: unknown;
    signed: string;
    /** Undefined if the text is not base64url. Then the signature is invalid. */
    signature: Buffer | undefined;
}

/** Decodes base64url up to the first "=", as nginx does; undefined if it is not base64url. */
function decodeBase64(text: string): Buffer | undefined {
    const [digits] = text.split("=");
    return /^[\w-]*$/.test(digits) && digits.length % 4 !== 1 ? Buffer.from(digits, "base64url") : undefined;
}

/** Decodes a part of a token. Undefined if it is not JSON, or is `false`, which Lua treats like a missing value. */
function decodePart(part: string): unknown {
    const raw = decodeBase64(part.replace(/\+/g, "-").replace(/\//g, "_"));
    const value = raw && decodeJson(raw.toString("latin1"));
    return value === false ? undefined : value;
}

/** Parses a signed JWT; undefined if the text is not a JWT. Empty parts are ignored, so an additional dot has no effect. */
export function parseJwt(token: string): Jwt | undefined {
    const parts = token.split(".").filter((part) => part !== "");
    if (parts.length !== 3) return undefined;
    const [header, claims] = parts.map(decodePart);
    if (header === undefined || claims === undefined) return undefined;
    return { header, claims, signed: `${parts[0]}.${parts[1]}`, signature: decodeBase64(parts[2]) };
}

/** Algorithms that this project's credentials have. */
export const ALGORITHMS = ["HS256", "RS256", "ES256", "EdDSA"] as const;

/** Whether the signature is valid. @param key an HMAC secret, or a public key in PEM form */
export function verifySignature({ signed, signature }: Jwt, algorithm: string, key: string): boolean {
    if (!signature) return false;
    if (algorithm === "HS256") {
        const expected = createHmac("sha256", key).update(signed, "latin1").digest();
        return expected.length === signature.length && timingSafeEqual(expected, signature);
    }
    try {
        const publicKey = { key: createPublicKey(key), dsaEncoding: "ieee-p1363" as const };
        return verify(algorithm === "EdDSA" ? null : "sha256", Buffer.from(signed, "latin1"), publicKey, signature);
    } catch {
        return false; // if the key is invalid or does not fit the algorithm, every token is rejected
    }
}
