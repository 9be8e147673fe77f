/** Time limits of Node's own fetch, which ends a silent answer after 300 s whatever its signal says. */

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 10_000;
/** Where Node keeps what its fetch sends with (undici; the name is part of its interface). */
const GLOBAL = Symbol.for("undici.globalDispatcher.1");

type AgentClass = new (options: object) => object;
interface Holder {
    [GLOBAL]?: { constructor: AgentClass };
}

let own: object | undefined;
let from: AgentClass | undefined;

/**
 * What Node's fetch is to send with: no limits of its own, and a connection for each request, as Alpa's client does. A
 * kept connection that the server closes at the wrong moment would leave open whether a generation has begun; next to
 * one, a connection costs nothing.
 *
 * Where the program has put in another one (a proxy's, for example), that one is left in place, with its limits.
 * @returns undefined: fetch decides
 */
export function patient(): object | undefined {
    void new Headers(); // Node makes its dispatcher when fetch or one of its classes is first used
    const agent = (globalThis as Holder)[GLOBAL]?.constructor;
    if (agent === undefined || agent.name !== "Agent") return undefined;
    if (own === undefined || from !== agent)
        own = new agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS }, pipelining: 0 });
    from = agent;
    return own;
}
