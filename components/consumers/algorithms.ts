/** Ways to sign a token with a key pair, of which only the public key is held here. */
export const KEY_PAIR_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
export type KeyPairAlgorithm = (typeof KEY_PAIR_ALGORITHMS)[number];
