/** The source of tokens: a finished token, or a key that signs tokens. */
import type { KeyObject } from "node:crypto";
import { PRIVATE_KEY_ALGORITHMS, readKey, readToken, type PrivateKeyAlgorithm } from "./jwt-material.js";
import { checkNumber, kind, type Problems } from "./problems.js";

interface MintingOptions {
    /** Value of the claim `key`, from the handout: it names the credential. */
    key: string | undefined;
    /** Lifetime of one token, in seconds. @default 900: a stolen token is worth little, and few tokens are created */
    lifetimeSeconds?: number | undefined;
    /** Additional claims; not key, iat, exp, nbf. @default none */
    claims?: Record<string, unknown> | undefined;
}

/** A finished token, or a key that signs tokens, which are created and renewed as needed. */
export type JwtOptions =
    | { token: string | undefined }
    | (MintingOptions & { /** Signs with HS256. */ secret: string | undefined })
    | (MintingOptions & {
          /** In PEM form, without a passphrase. */
          privateKey: string;
          /** @default RS256 */
          algorithm?: PrivateKeyAlgorithm | undefined;
      });

/**
 * Largest expected difference between the clocks of client and gateway. The client renews a token this long before it
 * expires. A token that the client cannot renew is still sent this long after it expired, because the gateway's clock
 * decides.
 */
export const SKEW_SECONDS = 60;
/**
 * Claims that the program must not set. The library sets them, except nbf: APISIX would reject a token in the second of
 * its nbf.
 */
const OURS = ["key", "iat", "exp", "nbf"];
const BLANK_AT_ENDS = /^\s|\s$/;
const NO_BLANK_AT_ENDS = "must not begin or end with a space or line break (it does). Trim what you read from a file.";

export interface Minting {
    kind: "minting";
    key: string;
    lifetimeSeconds: number;
    claims: Record<string, unknown>;
    algorithm: "HS256" | PrivateKeyAlgorithm;
    signer: string | KeyObject;
}
export type Source = { kind: "token"; token: string; exp: number | undefined } | Minting;

/** Signs a token. @param now current time, in milliseconds since 1970 */
export async function mint({ key, claims, lifetimeSeconds, signer, algorithm }: Minting, now: number) {
    const { SignJWT } = await import("jose");
    const iat = Math.floor(now / 1000);
    const exp = iat + lifetimeSeconds;
    const token = await new SignJWT({ ...claims, key })
        .setProtectedHeader({ alg: algorithm, typ: "JWT" })
        .setIssuedAt(iat)
        .setExpirationTime(exp)
        .sign(typeof signer === "string" ? new TextEncoder().encode(signer) : signer);
    return { token, exp };
}

export function sourceOf(options: JwtOptions, problems: Problems): Source {
    const all = options as Partial<Record<"token" | "secret" | "privateKey" | "algorithm", unknown>>;
    const given = (["token", "secret", "privateKey"] as const).filter((name) => all[name] !== undefined);
    if (given.length !== 1)
        problems.push(
            `Jwt: must have exactly one of token, secret and privateKey (got ${given.join(", ") || "none"}). Keep the one that the handout has.`,
        );
    if (given.length !== 1 || given[0] === "token")
        return {
            kind: "token",
            token: String(all.token),
            exp: given.length === 1 ? readToken(all.token, problems) : undefined,
        };

    const { key, lifetimeSeconds = 900, claims = {} } = options as MintingOptions;
    if (typeof key !== "string" || key === "")
        problems.push(`Jwt.key: must be the value of the claim key (got ${kind(key)}). Take it from the handout.`);
    else if (BLANK_AT_ENDS.test(key)) problems.push(`Jwt.key: ${NO_BLANK_AT_ENDS}`);
    // With a lifetime below twice the skew, each request would need a new token. The command `token issue` has the same
    // largest lifetime.
    const life = { least: 2 * SKEW_SECONDS, most: 86_400, whole: true };
    checkNumber("Jwt.lifetimeSeconds", lifetimeSeconds, life, problems);
    const taken = OURS.filter((claim) => claim in claims);
    if (taken.length > 0)
        problems.push(`Jwt.claims: must not have ${taken.join(", ")} (this library sets them). Remove them.`);
    const common = { kind: "minting" as const, key: key!, lifetimeSeconds, claims };
    if (given[0] === "secret") {
        if (typeof all.secret !== "string" || all.secret === "")
            problems.push(
                `Jwt.secret: must be a non-empty string (got ${kind(all.secret)}). Take it from the handout.`,
            );
        else if (all.secret.includes("-----BEGIN"))
            problems.push("Jwt.secret: must be a shared secret (it is a key in PEM). Give it as privateKey.");
        else if (BLANK_AT_ENDS.test(all.secret)) problems.push(`Jwt.secret: ${NO_BLANK_AT_ENDS}`);
        if (all.algorithm !== undefined && all.algorithm !== "HS256")
            problems.push(
                `Jwt.algorithm: must be HS256 with a secret (got ${JSON.stringify(all.algorithm)}). Remove algorithm, because HS256 is the default.`,
            );
        return { ...common, algorithm: "HS256", signer: String(all.secret) };
    }
    const algorithm = (all.algorithm ?? "RS256") as PrivateKeyAlgorithm;
    if (!PRIVATE_KEY_ALGORITHMS.includes(algorithm))
        problems.push(
            `Jwt.algorithm: must be one of ${PRIVATE_KEY_ALGORITHMS.join(", ")} with a private key (got ${JSON.stringify(all.algorithm)}). Take it from the handout.`,
        );
    return { ...common, algorithm, signer: readKey(all.privateKey, algorithm, problems) ?? "" };
}
