/**
 * The module of a Worker: one default export with one handler, `fetch`, without imports. It runs in a context without globals
 * of Node.js. Code from strings is rejected, as Cloudflare rejects it.
 */
import { createContext, Script, type Context } from "node:vm";

/** Globals in addition to JavaScript's own. The edge provides `fetch`. */
const GLOBALS = { Request, Response, Headers, URL, TextEncoder, TextDecoder };
const EXPORT = /^export default /gm;

export type Fetch = (request: Request) => Promise<unknown>;

/**
 * @param fetch the module's `fetch`
 * @returns its handler
 * @throws Error for an invalid module
 */
export function loadModule(text: string, fetch: Fetch): Fetch {
    const exports = text.match(EXPORT) ?? [];
    if (exports.length !== 1) throw new Error(`a module with ${exports.length} default exports at the start of a line`);
    const context = createContext(
        { ...GLOBALS, fetch },
        { codeGeneration: { strings: false, wasm: false } },
    ) as Context & { exported?: { [name: string]: unknown } };
    // V8 provides one without effect.
    new Script("delete globalThis.console").runInContext(context);
    new Script(`"use strict";${text.replace(EXPORT, "globalThis.exported = ")}`).runInContext(context);
    const { exported } = context;
    const handlers = Object.keys(exported ?? {});
    if (handlers.join() !== "fetch" || typeof exported!.fetch !== "function")
        throw new Error(`a module with the handlers ${handlers.join(", ") || "none"}`);
    return (request) => Promise.resolve((exported!.fetch as Fetch).call(exported, request));
}
