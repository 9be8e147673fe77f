/** Base of the three kinds of credentials. */
import { without } from "./secrecy.js";

/** The current time in milliseconds since 1970, which tests replace. */
export interface Clock {
    now(): number;
}

export const realClock: Clock = { now: () => Date.now() };

/** An authentication method. It never shows its secrets: not in `console.log`, JSON, text or errors. */
export abstract class Credential {
    /** Kind of the credential, for error messages. */
    abstract readonly method: "key" | "jwt" | "service-token";

    /** Headers of one request. Creates a new token when the current one is about to expire. */
    abstract headers(): Promise<Record<string, string>>;

    /** Texts to remove from every message. */
    protected abstract secrets(): string[];

    /** When a token that cannot be renewed expires; undefined for other credentials. */
    expiry(): Date | undefined {
        return undefined;
    }

    /**
     * Called after a request was answered with 401.
     * @param _serverTime the server's clock
     * @param _sent headers of that request, as `headers` returned them
     * @returns whether the request can succeed with new headers from `headers` @internal
     */
    refusedAt(_serverTime: Date | undefined, _sent: Record<string, string>): boolean {
        return false;
    }

    /** The text without this credential's secrets, in any encoding that a server may use. */
    redact(text: string): string {
        return without(text, this.secrets());
    }

    toString(): string {
        return `${this.constructor.name}(***)`;
    }

    toJSON(): string {
        return this.toString();
    }

    [Symbol.for("nodejs.util.inspect.custom")](): string {
        return this.toString();
    }
}
