import type { KeyObject } from "node:crypto";

/** Shortest RSA key, in bits: NIST SP 800-131A disallows shorter keys. */
const SHORTEST_RSA = 2048;

/**
 * Algorithms with which callers sign tokens with their own private key. Each has a check of the public key: APISIX accepts
 * any text as a key, and then rejects every token.
 */
const BY_PUBLIC_KEY = {
    RS256: ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) => {
        if (type !== "rsa") return `must be an RSA key for RS256 (got ${type}). Correct the key or the algorithm.`;
        const bits = details?.modulusLength ?? 0;
        if (bits >= SHORTEST_RSA) return undefined;
        return `must have at least ${SHORTEST_RSA} bits (got ${bits}). Create a longer key.`;
    },
    ES256: ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) =>
        details?.namedCurve === "prime256v1"
            ? undefined
            : `must be a key of curve P-256 for ES256 (got ${details?.namedCurve ?? type}). Correct the key or the algorithm.`,
    EdDSA: ({ asymmetricKeyType: type }: KeyObject) =>
        type === "ed25519"
            ? undefined
            : `must be an Ed25519 key for EdDSA (got ${type}). Correct the key or the algorithm.`,
} satisfies Record<string, (key: KeyObject) => string | undefined>;

export type PublicKeyAlgorithm = keyof typeof BY_PUBLIC_KEY;
/** HS256 uses a generated secret. For all other algorithms the stack only has the public key. */
export type Algorithm = "HS256" | PublicKeyAlgorithm;

const PUBLIC_KEY_ALGORITHMS = Object.keys(BY_PUBLIC_KEY) as PublicKeyAlgorithm[];
export const ALGORITHMS: readonly Algorithm[] = ["HS256", ...PUBLIC_KEY_ALGORITHMS];

/** The names as text for messages: "RS256, ES256 and EdDSA". */
export const PUBLIC_KEY_NAMES = new Intl.ListFormat("en-GB").format(PUBLIC_KEY_ALGORITHMS);

/** Why a public key does not suit an algorithm. Undefined if it does, or if the algorithm has no public key. */
export function keyProblem(key: KeyObject, algorithm: Algorithm): string | undefined {
    return algorithm === "HS256" ? undefined : BY_PUBLIC_KEY[algorithm](key);
}
