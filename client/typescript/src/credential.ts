/** What all three ways to authenticate have in common. */

/** Where the clock of the gateway stands against ours, in milliseconds. */
export interface Clock {
    now(): number;
}

export const realClock: Clock = { now: () => Date.now() };

/** A text this short is no secret, and removing it would take apart every message. */
const SHORTEST_SECRET = 4;

/**
 * A way to authenticate. Never shows what it holds: not in `console.log`, not as JSON, not as text, not in an error.
 */
export abstract class Credential {
    /** Kind of the credential, for texts. */
    abstract readonly method: "key" | "jwt" | "service-token";

    /** Headers of one request. A token is made anew when it ends soon. */
    abstract headers(): Promise<Record<string, string>>;

    /** Everything that must never be shown. */
    protected abstract secrets(): string[];

    /** When a token that cannot be renewed ends. */
    expiry(): Date | undefined {
        return undefined;
    }

    /**
     * A 401 came, with the time of the server in it. @returns whether another try, with a new token, makes sense
     * @internal
     */
    refusedAt(_serverTime: Date | undefined): boolean {
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

export function without(text: string, secrets: string[]): string {
    return secrets
        .filter((secret) => secret.length >= SHORTEST_SECRET)
        .flatMap(spellings)
        .sort((a, b) => b.length - a.length)
        .reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
}

/** As it is, and as it stands in JSON, in JSON within JSON (the single header of a service token), HTML and addresses. */
function spellings(secret: string): string[] {
    const json = JSON.stringify(secret).slice(1, -1);
    const twice = JSON.stringify(json).slice(1, -1);
    const html = secret.replace(
        /[&<>"']/g,
        (c) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" }[c]};`,
    );
    return [secret, encodeURIComponent(secret), json, twice, html];
}
