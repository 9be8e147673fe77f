/** Removes the time limits of Node's own fetch, which otherwise fails after 300 s without data. */
import { isDeepStrictEqual } from "node:util";

/** Longest time to connect, in milliseconds. */
const CONNECT_MS = 10_000;
/** Node keeps the dispatcher of fetch in the global object under this key. The key is part of undici's interface. */
const GLOBAL = Symbol.for("undici.globalDispatcher.1");
const NO_LIMITS = { headersTimeout: 0, bodyTimeout: 0 };

interface Dispatcher {
    dispatch(options: object, handler: object): boolean;
    destroy?(): Promise<void>;
    /** undici's fetch reads this property of its dispatcher. Only undici's mock dispatchers set it. */
    readonly isMockActive?: boolean | undefined;
}
interface Holder {
    [GLOBAL]?: Dispatcher & { constructor: new (options?: object) => Dispatcher };
}

/** Connection handling of one request. */
export interface Way {
    dispatcher: Dispatcher;
    /** Whether a connection was open, so that the request may have begun to arrive. */
    began(): boolean;
    /** Closes the connection of this request. */
    end(): void;
}

/**
 * Creates the dispatcher for one request. The dispatcher has no time limits, because the client has its own. It opens a
 * new connection for each request, as Alpa's client does: when a server closes a reused connection, the client cannot
 * know whether a generation has begun. A new connection takes hardly any time compared with a generation. The option
 * `pipelining: 0` is not used, because a reset in the middle of an answer would look like the end of the answer.
 *
 * A program may have set its own dispatcher, for example for a proxy. Then the program's dispatcher sends the request
 * over its own connections, but without its time limits for an answer without data.
 * @returns undefined if this platform's fetch has no such dispatcher
 */
export function patient(): Way | undefined {
    void new Headers(); // Node creates its dispatcher when fetch or one of its classes is first used
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

/** undici calls one of these, depending on its version, when the connection is open and the request is about to be written. */
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

/** Whether the dispatcher is Node's own, or an Agent with the same options as Node's own. */
function isNodesOwn(found: NonNullable<Holder[typeof GLOBAL]>): boolean {
    const { constructor: Agent } = found;
    if (Agent.name !== "Agent" || found.dispatch !== (Agent.prototype as Dispatcher).dispatch) return false;
    const [given, none] = [partsOf(found), partsOf(new Agent())];
    return given.length > 0 && isDeepStrictEqual(given, none);
}

/** The options of an agent, which undici keeps under these symbols. */
function partsOf(agent: object): unknown[] {
    const names = ["options", "factory", "dispatch interceptors"];
    const symbols = Object.getOwnPropertySymbols(agent).filter(({ description }) => names.includes(description ?? ""));
    return symbols.map((symbol) => {
        const value = (agent as Record<symbol, unknown>)[symbol];
        return symbol.description === "dispatch interceptors" ? (value as unknown[]).length : value;
    });
}
