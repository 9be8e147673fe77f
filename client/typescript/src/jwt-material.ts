/** Checks tokens and keys from callers before anything is sent. Errors never quote them. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { checkHeaderValue, kind, type Problems } from "./problems.js";

/** Signature algorithms with a private key that the gateway accepts. */
export const PRIVATE_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
export type PrivateKeyAlgorithm = (typeof PRIVATE_KEY_ALGORITHMS)[number];
const ALGORITHMS: readonly unknown[] = ["HS256", ...PRIVATE_KEY_ALGORITHMS];

/** Shortest RSA key that JOSE libraries sign with, in bits. */
const SHORTEST_RSA = 2048;

/** Decodes a token without verifying its signature. @returns the claim exp, in Unix seconds */
export function readToken(token: unknown, problems: Problems): number | undefined {
    const before = problems.length;
    checkHeaderValue("Jwt.token", token, problems);
    if (problems.length > before) return undefined;
    const [header, payload] = String(token).split(".", 2).map(decode);
    if (header === undefined || payload === undefined || String(token).split(".").length !== 3) {
        problems.push(
            "Jwt.token: must be a JWT: three parts with dots between them (it is not). Give it without `Bearer` and without quotes.",
        );
        return undefined;
    }
    if (!ALGORITHMS.includes(header.alg))
        problems.push(
            `Jwt.token: must be signed with ${ALGORITHMS.join(", ")} (got ${JSON.stringify(header.alg)}). Create a new token.`,
        );
    const { exp } = payload;
    if (typeof exp !== "number" || !Number.isFinite(exp)) {
        problems.push(
            "Jwt.token: must have the claim exp, the time when it expires (it has none). Create a new token with exp, because the gateway rejects this one.",
        );
        return undefined;
    }
    return exp;
}

function decode(part: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

/** Reads a private key. Reports problems without OpenSSL's error text, which may quote the key. */
export function readKey(pem: unknown, algorithm: string, problems: Problems): KeyObject | undefined {
    const problem = (text: string) => {
        problems.push(`Jwt.privateKey: ${text}`);
        return undefined;
    };
    if (typeof pem !== "string")
        return problem(`must be a string in PEM form (got ${kind(pem)}). Read the file as text.`);
    if (/-----BEGIN (RSA |EC )?PUBLIC KEY-----|-----BEGIN CERTIFICATE-----/.test(pem) && !/PRIVATE KEY/.test(pem))
        return problem(
            "must be the private key (it is the public key). Give the private key: it signs the tokens, and the gateway has the public key.",
        );
    if (/ENCRYPTED/.test(pem))
        return problem("must not have a passphrase (it has one). Remove it with: openssl pkey -in <file>");
    let key: KeyObject;
    try {
        key = createPrivateKey(pem);
    } catch {
        return problem(
            "must be a private key in PEM form (it cannot be read). Check it with: openssl pkey -in <file> -noout",
        );
    }
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    if (algorithm === "RS256" && type !== "rsa")
        return problem(`must be an RSA key for RS256 (got ${type}). Set algorithm to the algorithm of this key.`);
    if (type === "rsa" && (details?.modulusLength ?? 0) < SHORTEST_RSA)
        return problem(
            `must have at least ${SHORTEST_RSA} bits (got ${details?.modulusLength}). Create a new key pair.`,
        );
    if (algorithm === "ES256" && details?.namedCurve !== "prime256v1")
        return problem(
            `must be a key on the curve P-256 for ES256 (got ${details?.namedCurve ?? type}). Set algorithm to the algorithm of this key.`,
        );
    if (algorithm === "EdDSA" && type !== "ed25519")
        return problem(`must be an Ed25519 key for EdDSA (got ${type}). Set algorithm to the algorithm of this key.`);
    return key;
}

export function time(exp: number): string {
    const date = new Date(exp * 1000);
    return Number.isNaN(date.getTime()) ? `second ${exp}` : date.toISOString().replace(".000", "");
}
