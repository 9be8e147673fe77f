import type { KeyObject } from "node:crypto";
import { Credential, realClock, type Clock } from "./credential.js";
import { ExpiredCredentialError } from "./errors.js";
import { PRIVATE_KEY_ALGORITHMS, readKey, readToken, time, type PrivateKeyAlgorithm } from "./jwt-material.js";
import { checkNumber, kind, refuse, type Problems } from "./problems.js";

interface Minting {
    /** Value of the claim `key`, from the handout: whose token it is. */
    key: string | undefined;
    /** Life of one token, in seconds. @default 900: what is stolen is worth little, and few are made */
    lifetimeSeconds?: number | undefined;
    /** More claims; not key, iat, exp, nbf. @default none */
    claims?: Record<string, unknown> | undefined;
}

/** A token that is ready; or what signs tokens, made and renewed as needed. */
export type JwtOptions =
    | { token: string | undefined }
    | (Minting & { /** Signs with HS256. */ secret: string | undefined })
    | (Minting & {
          /** In PEM form, without a passphrase. */
          privateKey: string;
          /** @default RS256 */
          algorithm?: PrivateKeyAlgorithm | undefined;
      });

/**
 * How long before its end a token is replaced, in seconds: so much the clocks may differ. For as long past its end a token
 * of the caller's is still sent: the gateway decides.
 */
const SKEW_SECONDS = 60;
/** Set here. nbf never: APISIX refuses a token in the second in which it begins. */
const OURS = ["key", "iat", "exp", "nbf"];

/** Largest difference of the clocks that is evened out, in milliseconds: more than that is a clock to be set. */
const LARGEST_OFFSET_MS = 3_600_000;
/** Header `Date` has whole seconds, and the answer was on its way: smaller differences mean nothing. */
const SMALLEST_OFFSET_MS = 5_000;

/** A JSON Web Token, in `Authorization: Bearer`. */
export class Jwt extends Credential {
    readonly method = "jwt";
    readonly #clock: Clock;
    readonly #source: Source;
    #current: { token: string; exp: number | undefined } | undefined;
    #making: Promise<string> | undefined;
    /** What the gateway's clock is ahead of ours, in milliseconds. */
    #offset = 0;

    /** @param clock for tests */
    constructor(options: JwtOptions, clock: Clock = realClock) {
        super();
        const problems: Problems = [];
        this.#clock = clock;
        this.#source = sourceOf(options, problems);
        refuse(problems);
        if (this.#source.kind !== "token") return;
        refuseOver(this.#source.exp, clock.now());
        this.#current = this.#source;
    }

    async headers(): Promise<Record<string, string>> {
        return { Authorization: `Bearer ${await this.#token()}` };
    }

    override expiry(): Date | undefined {
        return this.#source.kind === "token" && this.#source.exp !== undefined
            ? new Date(this.#source.exp * 1000)
            : undefined;
    }

    /** @internal */
    override refusedAt(serverTime: Date | undefined): boolean {
        if (this.#source.kind === "token" || serverTime === undefined) return false;
        const offset = serverTime.getTime() - this.#clock.now();
        if (Math.abs(offset) > LARGEST_OFFSET_MS || Math.abs(offset - this.#offset) < SMALLEST_OFFSET_MS) return false;
        this.#offset = offset;
        this.#current = undefined;
        return true;
    }

    protected secrets(): string[] {
        const current = this.#current === undefined ? [] : [this.#current.token];
        const source = this.#source;
        if (source.kind === "token") return current;
        return [...current, ...(typeof source.signer === "string" ? [source.signer] : [])];
    }

    async #token(): Promise<string> {
        const source = this.#source;
        const now = this.#clock.now() + this.#offset;
        const { token, exp } = this.#current ?? {};
        if (source.kind === "token") {
            refuseOver(exp, now);
            return source.token;
        }
        // Too long to its end, and the clock has been set back.
        const left = (exp ?? 0) - now / 1000;
        if (token !== undefined && left > SKEW_SECONDS && left <= source.lifetimeSeconds + SKEW_SECONDS) return token;
        // One is made however many requests wait for it.
        this.#making ??= this.#mint(source, now).finally(() => (this.#making = undefined));
        return this.#making;
    }

    async #mint(
        { key, claims, lifetimeSeconds, signer, algorithm }: Extract<Source, { kind: "minting" }>,
        now: number,
    ) {
        const { SignJWT } = await import("jose");
        const iat = Math.floor(now / 1000);
        const exp = iat + lifetimeSeconds;
        const token = await new SignJWT({ ...claims, key })
            .setProtectedHeader({ alg: algorithm, typ: "JWT" })
            .setIssuedAt(iat)
            .setExpirationTime(exp)
            .sign(typeof signer === "string" ? new TextEncoder().encode(signer) : signer);
        this.#current = { token, exp };
        return token;
    }
}

type Source =
    | { kind: "token"; token: string; exp: number | undefined }
    | {
          kind: "minting";
          key: string;
          lifetimeSeconds: number;
          claims: Record<string, unknown>;
          algorithm: "HS256" | PrivateKeyAlgorithm;
          signer: string | KeyObject;
      };

function sourceOf(options: JwtOptions, problems: Problems): Source {
    const all = options as Partial<Record<"token" | "secret" | "privateKey" | "algorithm", unknown>>;
    const given = (["token", "secret", "privateKey"] as const).filter((name) => all[name] !== undefined);
    if (given.length !== 1)
        problems.push(
            `Jwt: must have exactly one of token, secret and privateKey (got ${given.join(", ") || "none"}). Keep the one of the handout.`,
        );
    if (given.length !== 1 || given[0] === "token")
        return {
            kind: "token",
            token: String(all.token),
            exp: given.length === 1 ? readToken(all.token, problems) : undefined,
        };

    const { key, lifetimeSeconds = 900, claims = {} } = options as Minting;
    if (typeof key !== "string" || key === "")
        problems.push(`Jwt.key: must be the value of the claim key (got ${kind(key)}). Take it from the handout.`);
    // With less than twice the skew each request would need a token of its own; a day is what the operators' tokens last.
    const life = { least: 2 * SKEW_SECONDS, most: 86_400, whole: true };
    checkNumber("Jwt.lifetimeSeconds", lifetimeSeconds, life, problems);
    const taken = OURS.filter((claim) => claim in claims);
    if (taken.length > 0)
        problems.push(`Jwt.claims: must not have ${taken.join(", ")} (they are set here). Leave them out.`);
    const common = { kind: "minting" as const, key: key!, lifetimeSeconds, claims };
    if (given[0] === "secret") {
        if (typeof all.secret !== "string" || all.secret === "")
            problems.push(
                `Jwt.secret: must be a text that is not empty (got ${kind(all.secret)}). Take it from the handout.`,
            );
        else if (/^\s|\s$/.test(all.secret))
            problems.push(
                "Jwt.secret: must have no blank or line break at its ends (it has). Trim what you read from a file.",
            );
        if (all.algorithm !== undefined && all.algorithm !== "HS256")
            problems.push(
                `Jwt.algorithm: must be HS256 with a secret (got ${JSON.stringify(all.algorithm)}). Remove it.`,
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

function refuseOver(exp: number | undefined, now: number): void {
    if (exp === undefined || now < (exp + SKEW_SECONDS) * 1000) return;
    throw new ExpiredCredentialError(
        `The token ended at ${time(exp)}`,
        "Make a new one, or give what signs tokens, so that they are renewed.",
    );
}
