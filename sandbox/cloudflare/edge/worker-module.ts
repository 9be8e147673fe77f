/**
 * Loads the module of a Worker: it must have one default export with the only handler `fetch`, and no imports. It runs in a
 * context without Node.js globals. As on Cloudflare, it cannot create code from strings.
 */
import { createContext, Script, type Context } from "node:vm";

/** Globals that the Worker gets in addition to JavaScript's own. `fetch` is a parameter of loadModule. */
const GLOBALS = { Request, Response, Headers, URL, TextEncoder, TextDecoder };
const EXPORT = /^export default /gm;

export type Fetch = (request: Request) => Promise<unknown>;

/**
 * @param fetch the global function `fetch` for the module
 * @returns the module's `fetch` handler
 * @throws Error for an invalid module
 */
export function loadModule(text: string, fetch: Fetch): Fetch {
    const exports = text.match(EXPORT) ?? [];
    if (exports.length !== 1)
        throw new Error(`the module must have one \`export default\` at the start of a line (found ${exports.length})`);
    const context = createContext(
        { ...GLOBALS, fetch },
        { codeGeneration: { strings: false, wasm: false } },
    ) as Context & { exported?: { [name: string]: unknown } };
    // V8 provides a console that prints nothing. Workers must not see it.
    new Script("delete globalThis.console").runInContext(context);
    new Script(`"use strict";${text.replace(EXPORT, "globalThis.exported = ")}`).runInContext(context);
    const { exported } = context;
    const handlers = Object.keys(exported ?? {});
    if (handlers.join() !== "fetch" || typeof exported!.fetch !== "function")
        throw new Error(`the module must have only the handler fetch (found ${handlers.join(", ") || "none"})`);
    return (request) => Promise.resolve((exported!.fetch as Fetch).call(exported, request));
}
