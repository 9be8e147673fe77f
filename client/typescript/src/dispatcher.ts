/** Time limits of Node's own fetch, which ends a silent answer after 300 s whatever its signal says. */
import { isDeepStrictEqual } from "node:util";

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 10_000;
/** Where Node keeps what its fetch sends with (undici; the name is part of its interface). */
const GLOBAL = Symbol.for("undici.globalDispatcher.1");
const NO_LIMITS = { headersTimeout: 0, bodyTimeout: 0 };

interface Dispatcher {
    dispatch(options: object, handler: object): boolean;
    destroy?(): Promise<void>;
    /** fetch asks this of what undici's own tests put in. */
    readonly isMockActive?: boolean | undefined;
}
interface Holder {
    [GLOBAL]?: Dispatcher & { constructor: new (options?: object) => Dispatcher };
}

/** Connection handling of one request. */
export interface Way {
    dispatcher: Dispatcher;
    /** Whether a connection stood, so that the request may have begun to arrive. */
    began(): boolean;
    /** Closes the connection of this request. */
    end(): void;
}

/**
 * What fetch is to send one request with: no limits of its own, since the client has one, and a connection for this request
 * alone, as Alpa's client does. A kept connection that the server closes at the wrong moment would leave open whether a
 * generation has begun; next to one, a connection costs nothing. (Not `pipelining: 0`: with it a reset in the middle of an
 * answer passes for its end.)
 *
 * Where the program has put in another one (for a proxy or an authority, for example), that one sends, with its own
 * connections; only its limits on silence do not count.
 * @returns undefined: this platform's fetch sends otherwise
 */
export function patient(): Way | undefined {
    void new Headers(); // Node makes its dispatcher when fetch or one of its classes is first used
    const found = (globalThis as Holder)[GLOBAL];
    if (found === undefined) return undefined;
    const ours = isNodesOwn(found) ? new found.constructor({ connect: { timeout: CONNECT_MS } }) : undefined;
    const sender = ours ?? found;
    let begun = false;
    return {
        dispatcher: {
            dispatch: (options, handler) =>
                sender.dispatch(
                    { ...options, ...NO_LIMITS },
                    watched(handler, () => (begun = true)),
                ),
            get isMockActive() {
                return sender.isMockActive;
            },
        },
        began: () => begun,
        end: () => void ours?.destroy?.(),
    };
}

/** undici calls one of these, by its version, when a connection stands and the request is about to be written. */
const BEGIN = ["onConnect", "onRequestStart"];

function watched(handler: object, begin: () => void): object {
    return new Proxy(handler, {
        get(of, name) {
            const value: unknown = Reflect.get(of, name);
            if (typeof value !== "function") return value;
            return (...given: unknown[]): unknown => {
                if (BEGIN.includes(String(name))) begin();
                return Reflect.apply(value, of, given);
            };
        },
    });
}

/** Or one that does what Node's does: an Agent to which nothing was given or added. */
function isNodesOwn(found: NonNullable<Holder[typeof GLOBAL]>): boolean {
    const { constructor: Agent } = found;
    if (Agent.name !== "Agent" || found.dispatch !== (Agent.prototype as Dispatcher).dispatch) return false;
    const [given, none] = [partsOf(found), partsOf(new Agent())];
    return given.length > 0 && isDeepStrictEqual(given, none);
}

/** What undici keeps of the options. */
function partsOf(agent: object): unknown[] {
    const names = ["options", "factory", "dispatch interceptors"];
    const symbols = Object.getOwnPropertySymbols(agent).filter(({ description }) => names.includes(description ?? ""));
    return symbols.map((symbol) => {
        const value = (agent as Record<symbol, unknown>)[symbol];
        return symbol.description === "dispatch interceptors" ? (value as unknown[]).length : value;
    });
}
