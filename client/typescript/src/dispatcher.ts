/** Time limits of Node's own fetch, which ends a silent answer after 300 s whatever its signal says. */

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 10_000;
/** Where Node keeps what its fetch sends with (undici; the name is part of its interface). */
const GLOBAL = Symbol.for("undici.globalDispatcher.1");

interface Agent {
    destroy(): Promise<void>;
}
interface Holder {
    [GLOBAL]?: { constructor: new (options: object) => Agent };
}

/**
 * What Node's fetch is to send one request with: no limits of its own, and a connection for this request alone, as Alpa's
 * client does. A kept connection that the server closes at the wrong moment would leave open whether a generation has
 * begun; next to one, a connection costs nothing. (Not `pipelining: 0`: with it a reset in the middle of an answer passes
 * for its end.)
 *
 * Where the program has put in another one (a proxy's, for example), that one is left in place, with its limits.
 * @returns to be destroyed after the answer; undefined: fetch decides
 */
export function patient(): Agent | undefined {
    void new Headers(); // Node makes its dispatcher when fetch or one of its classes is first used
    const agent = (globalThis as Holder)[GLOBAL]?.constructor;
    if (agent?.name !== "Agent") return undefined;
    return new agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } });
}
