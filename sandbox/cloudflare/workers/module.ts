/**
 * The module of a Worker, as far as it is emulated: one default export with one handler, `fetch`, without imports. It runs in a
 * context of its own, where no global of Node.js is there; code from texts is refused, as Cloudflare refuses it.
 */
import { createContext, Script, type Context } from "node:vm";

/** Globals in addition to those of the language; the edge provides `fetch`. */
const GLOBALS = { Request, Response, Headers, URL, TextEncoder, TextDecoder };
const EXPORT = /^export default /gm;

export type Fetch = (request: Request) => Promise<unknown>;

/**
 * @param fetch what the module may ask with
 * @returns its handler
 * @throws Error that says what is wrong with the module
 */
export function loadModule(text: string, fetch: Fetch): Fetch {
    const exports = text.match(EXPORT) ?? [];
    if (exports.length !== 1) throw new Error(`a module with ${exports.length} default exports at the begin of a line`);
    const context = createContext(
        { ...GLOBALS, fetch },
        { codeGeneration: { strings: false, wasm: false } },
    ) as Context & { exported?: { [name: string]: unknown } };
    // V8 brings one, which says nothing.
    new Script("delete globalThis.console").runInContext(context);
    new Script(`"use strict";${text.replace(EXPORT, "globalThis.exported = ")}`).runInContext(context);
    const { exported } = context;
    const handlers = Object.keys(exported ?? {});
    if (handlers.join() !== "fetch" || typeof exported!.fetch !== "function")
        throw new Error(`a module with the handlers ${handlers.join(", ") || "none"}`);
    return (request) => Promise.resolve((exported!.fetch as Fetch).call(exported, request));
}
