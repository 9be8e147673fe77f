/**
 * Runs Lua texts of configurations. APISIX runs them with LuaJIT 2.1, the emulator with Lua 5.1 (the PUC-Rio interpreter as
 * WebAssembly), which has the same numbers, patterns and most messages.
 *
 * Unsupported, because Lua 5.1 has another meaning for them or none: goto, 64-bit numbers, \x \z \u escapes, bytecode, ffi and
 * bit, LuaJIT's additional arguments of xpcall, math.log and string.rep.
 * Known differences: speed, tracebacks, "%s" of a table in string.format (an error in Lua 5.1), coroutines; ngx.exit is an
 * error that pcall can catch, but the request ends anyway.
 *
 * One interpreter serves all gateways of a process. Each has its own environment (environment.lua).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lua } from "wasmoon-lua5.1";
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { luaQuote } from "../lua/printed";
import { NginxExit } from "../http/nginx";
import { Unsupported } from "../unsupported";
import type { Conf, Exit, LuaPhase } from "../request/types";
import { answerLua } from "./request";

/** The request for which Lua runs. `chunk`: the current piece of the answer's body, in body_filter. Lua can replace it. */
export interface LuaRequest {
    ctx: Context;
    phase: LuaPhase;
    chunk?: Buffer;
}

/**
 * Matches syntax that has another meaning, or none, in Lua 5.1. It also matches in strings and comments: a needless rejection
 * is better than a silent difference.
 */
const LUAJIT_ONLY = /^\x1b|\\[xzu]|\bgoto\b|::|\b(0x[\da-f]+|\d+)(u?ll|i)\b/i;

type Entrance = ((first: string | number, second?: number) => unknown) & { $destroy(): void };

let interpreter: Promise<Lua> | undefined;

export class LuaMachine {
    private request?: LuaRequest;
    /** Numbers of requests for which Lua has run. */
    private readonly numbers = new WeakMap<Context, number>();
    private count = 0;
    /** The reason why the request ends. It is kept here because the Lua text could catch the error. */
    private ending?: Unsupported | NginxExit;
    private closed = false;

    private constructor(
        private readonly functions: Record<"check" | "load" | "run" | "forget", Entrance>,
        private readonly setAsk: (ask: (...words: string[]) => string) => void,
    ) {
        this.setAsk((what, name, values) => this.answer(what, name, values));
    }

    static async start(): Promise<LuaMachine> {
        const { global } = await (interpreter ??= Lua.create());
        let ask = (..._: string[]) => "-";
        global.loadString(readFileSync(join(__dirname, "environment.lua"), "utf8"), "environment.lua");
        global.pushValue((...words: string[]) => ask(...words));
        const [check, load, run, forget] = global.runSync(1) as unknown as Entrance[];
        global.setTop(0);
        return new LuaMachine({ check, load, run, forget }, (given) => (ask = given));
    }

    /** Returns APISIX's error if the text does not return a function, although it should. */
    check(text: string): string | undefined {
        if (LUAJIT_ONLY.test(text)) throw new Unsupported("Lua code with syntax that only LuaJIT has");
        const problem = this.enter(() => this.functions.check(encode(bytes(text)))) as string | null | undefined;
        return problem === null || problem === undefined ? undefined : decodeText(problem);
    }

    /**
     * Creates functions of checked texts. @param conf the configuration of the plugin, which the functions get
     * @returns the id of the functions for `run`
     */
    load(conf: Conf, functions: string[]): number {
        return this.enter(() => this.functions.load(encode(bytes(luaExpression({ conf, functions }))))) as number;
    }

    /**
     * Runs functions in order until a function returns an answer. The answer ends the request. Undefined if no function
     * returns an answer.
     */
    run(id: number, request: LuaRequest): Exit | undefined {
        if (this.closed) return undefined; // the log phase of a request can be later than the end of its gateway
        this.request = request;
        const number = this.numbers.get(request.ctx) ?? ++this.count;
        this.numbers.set(request.ctx, number);
        const answer = this.enter(() => this.functions.run(id, number)) as string;
        if (answer.startsWith("!")) throw new Error(`Lua: ${decodeText(answer.slice(1))}`);
        const [code, body] = answer.split(" ").map((part) => part.slice(1));
        if (answer === "-") return undefined;
        if (!/^[2-5]\d\d$/.test(code)) throw new Unsupported(`a Lua function that returns status ${code}`);
        return body === undefined ? { code: Number(code) } : { code: Number(code), body: decodeText(body) };
    }

    /** Deletes the fields that functions have set in ctx. Called at the end of each request. */
    forget(ctx: Context): void {
        const number = this.numbers.get(ctx);
        if (number !== undefined && !this.closed) this.functions.forget(number);
    }

    /** May be called repeatedly. */
    close(): void {
        // a second release could free functions of another gateway, because Lua reuses reference numbers
        if (!this.closed) for (const one of Object.values(this.functions)) one.$destroy();
        this.closed = true;
    }

    private enter<T>(call: () => T): T {
        this.ending = undefined;
        try {
            const result = call();
            if (this.ending) throw this.ending as Error;
            return result;
        } finally {
            this.request = undefined;
        }
    }

    /** Answers a call that environment.lua makes to implement ngx.* and ctx.*. */
    private answer(what: string, name: string, values: string | undefined): string {
        try {
            const given = (values ?? "").split(" ").filter((one) => one !== "");
            const list = given.map((one) => decode(one.slice(1)));
            const answers = answerLua(this.request, what, decode(name), list);
            return answers === undefined || answers.length === 0 ? "-" : answers.map((a) => `=${encode(a)}`).join(" ");
        } catch (error) {
            if (error instanceof Unsupported || error instanceof NginxExit) this.ending ??= error;
            return `!${encode(bytes((error as Error).message))}`;
        }
    }
}

/** Escapes bytes that are not printable ASCII as %XX. @param binary one byte per character */
function encode(binary: string): string {
    const hex = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    return binary.replace(/[^!-$&-~]/g, hex);
}

function decode(text: string): string {
    return text.replace(/%([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function decodeText(text: string): string {
    return Buffer.from(decode(text), "latin1").toString("utf8");
}

/** Converts a configuration into Lua source. */
function luaExpression(value: unknown): string {
    if (value === null) throw new Unsupported("null in the configuration of a Lua function");
    if (typeof value === "string") return luaQuote(value);
    if (typeof value !== "object") return String(value);
    if (Array.isArray(value)) return `{${value.map(luaExpression).join(",")}}`;
    return `{${Object.entries(value)
        .map(([key, inner]) => `[${luaQuote(key)}]=${luaExpression(inner)}`)
        .join(",")}}`;
}
