/** Base of the three kinds of credentials. */
import { without } from "./secrecy.js";

/** Difference of the gateway's clock from this machine's, in milliseconds. */
export interface Clock {
    now(): number;
}

export const realClock: Clock = { now: () => Date.now() };

/**
 * A way to authenticate. Never shows what it holds: not in `console.log`, not as JSON, not as text, not in an error.
 */
export abstract class Credential {
    /** Kind of the credential, for texts. */
    abstract readonly method: "key" | "jwt" | "service-token";

    /** Headers of one request. Creates a new token when the current one is about to expire. */
    abstract headers(): Promise<Record<string, string>>;

    /** All secret texts of the credential. */
    protected abstract secrets(): string[];

    /** When a token that cannot be renewed expires. */
    expiry(): Date | undefined {
        return undefined;
    }

    /**
     * A 401 came.
     * @param _serverTime as it says
     * @param _sent what `headers` had made for the request
     * @returns whether another try, with other headers, makes sense
     * @internal
     */
    refusedAt(_serverTime: Date | undefined, _sent: Record<string, string>): boolean {
        return false;
    }

    /** The text without anything this credential holds, also as a server might send it back. */
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
