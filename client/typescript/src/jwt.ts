import { Credential, realClock, type Clock } from "./credential.js";
import { ExpiredCredentialError } from "./errors.js";
import { time } from "./jwt-material.js";
import { mint, SKEW_SECONDS, sourceOf, type JwtOptions, type Minting, type Source } from "./jwt-source.js";
import { refuse, type Problems } from "./problems.js";

/** Largest clock difference that the client corrects for, in milliseconds. A larger one is reported as an error. */
const LARGEST_OFFSET_MS = 3_600_000;
/** The header `Date` has whole seconds, and the answer was in transit: smaller differences mean nothing. */
const SMALLEST_OFFSET_MS = 5_000;
/**
 * Number of the latest tokens that are redacted from answers. The client creates at most one token a minute, and no
 * answer takes 20 minutes.
 */
const MOST_REMEMBERED = 20;

/** A JSON Web Token, in `Authorization: Bearer`. */
export class Jwt extends Credential {
    readonly method = "jwt";
    readonly #clock: Clock;
    readonly #source: Source;
    #current: MintedToken | undefined;
    #renewing: { offset: number; token: Promise<MintedToken> } | undefined;
    /** How far the gateway's clock is ahead of this machine's, in milliseconds. */
    #offset = 0;
    /** All tokens that may still be valid. An answer may quote an older token, so all of them are redacted. */
    #minted: MintedToken[] = [];
    /** The offset with which a request's token was created, by the request's headers. */
    readonly #offsets = new WeakMap<object, number>();

    /**
     * @param clock for tests
     * @throws ConfigurationError with every problem of the options
     * @throws ExpiredCredentialError if the given token has expired
     */
    constructor(options: JwtOptions, clock: Clock = realClock) {
        super();
        const problems: Problems = [];
        this.#clock = clock;
        this.#source = sourceOf(options, problems);
        refuse(problems);
        if (this.#source.kind === "token") refuseOver(this.#source.exp, clock.now());
    }

    async headers(): Promise<Record<string, string>> {
        const { token, offset } = await this.#token();
        const headers = { Authorization: `Bearer ${token}` };
        this.#offsets.set(headers, offset);
        return headers;
    }

    override expiry(): Date | undefined {
        return this.#source.kind === "token" && this.#source.exp !== undefined
            ? new Date(this.#source.exp * 1000)
            : undefined;
    }

    /** @internal */
    override refusedAt(serverTime: Date | undefined, sent: Record<string, string>): boolean {
        if (this.#source.kind === "token" || serverTime === undefined) return false;
        const offset = serverTime.getTime() - this.#clock.now();
        const apart = (one: number | undefined) => Math.abs(offset - (one ?? 0)) >= SMALLEST_OFFSET_MS;
        // Not `this.#offset`: a concurrent call may have changed it since this token was created.
        if (Math.abs(offset) > LARGEST_OFFSET_MS || !apart(this.#offsets.get(sent))) return false;
        if (apart(this.#offset)) this.#offset = offset;
        return true;
    }

    protected secrets(): string[] {
        const source = this.#source;
        const tokens = source.kind === "token" ? [source.token] : this.#minted.map(({ token }) => token);
        const signer = source.kind === "minting" && typeof source.signer === "string" ? [source.signer] : [];
        // The signature alone is a secret too, because header and claims can be guessed.
        return [...tokens, ...tokens.map((token) => token.split(".").at(-1)!), ...signer];
    }

    async #token(): Promise<{ token: string; offset: number }> {
        const source = this.#source;
        const offset = this.#offset;
        const now = this.#clock.now() + offset;
        if (source.kind === "token") {
            refuseOver(source.exp, now);
            return { token: source.token, offset };
        }
        const current = this.#current;
        // If a token is valid for longer than its lifetime, the clock was set back after its creation.
        const left = (current?.exp ?? 0) - now / 1000;
        const good = left > SKEW_SECONDS && left <= source.lifetimeSeconds + SKEW_SECONDS;
        if (current !== undefined && current.offset === offset && good) return current;
        // Only one token is created even if several requests wait for it.
        if (this.#renewing?.offset !== offset) this.#renewing = { offset, token: this.#renew(source, now, offset) };
        return this.#renewing.token;
    }

    async #renew(source: Minting, now: number, offset: number): Promise<MintedToken> {
        try {
            const minted = { ...(await mint(source, now)), offset };
            const over = (now - LARGEST_OFFSET_MS) / 1000;
            this.#minted = [...this.#minted.filter(({ exp }) => exp > over), minted].slice(-MOST_REMEMBERED);
            if (offset === this.#offset) this.#current = minted;
            return minted;
        } finally {
            if (this.#renewing?.offset === offset) this.#renewing = undefined;
        }
    }
}

/** @param offset how far the gateway's clock is assumed to be ahead, in milliseconds */
interface MintedToken {
    token: string;
    exp: number;
    offset: number;
}

function refuseOver(exp: number | undefined, now: number): void {
    if (exp === undefined || now < (exp + SKEW_SECONDS) * 1000) return;
    throw new ExpiredCredentialError(
        `The token expired at ${time(exp)}`,
        "Create a new token. To let the client renew tokens, give it the secret or private key that signs them.",
    );
}
