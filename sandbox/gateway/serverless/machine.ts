/**
 * Runs Lua texts of configurations. APISIX runs them with LuaJIT 2.1, the emulator with Lua 5.1 (the PUC-Rio interpreter as
 * WebAssembly). environment.lua has what functions may use. One interpreter serves all gateways of a process.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lua } from "wasmoon-lua5.1";
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import type { Conf, Exit, LuaPhase } from "../request/types";

/** The request for which Lua runs. `chunk`: the current piece of the answer's body, in body_filter. Lua can replace it. */
export interface LuaRequest {
    ctx: Context;
    phase: LuaPhase;
    chunk?: Buffer;
}

/** Syntax that has another meaning, or none, in Lua 5.1. */
const LUAJIT_ONLY = /^\x1b|\\[xzu]|\bgoto\b|::|\b(0x[\da-f]+|\d+)(u?ll|i)\b/i;

type Entrance = ((first: string | number, second?: string) => unknown) & { $destroy(): void };

let interpreter: Promise<Lua> | undefined;

export class LuaMachine {
    /** Numbers of requests for which Lua has run. */
    private readonly numbers = new WeakMap<Context, string>();
    private count = 0;
    private closed = false;

    private constructor(private readonly functions: Record<"load" | "run" | "forget", Entrance>) {}

    static async start(): Promise<LuaMachine> {
        const { global } = await (interpreter ??= Lua.create());
        global.loadString(readFileSync(join(__dirname, "environment.lua"), "utf8"), "environment.lua");
        const [load, run, forget] = global.runSync(0) as unknown as Entrance[];
        global.setTop(0);
        return new LuaMachine({ load, run, forget });
    }

    /**
     * Creates functions. @param conf the configuration of the plugin, which the functions get
     * @returns the id of the functions for `run` @throws Error with APISIX's message if a text does not return a function
     */
    load(conf: Conf, functions: string[]): number {
        if (functions.some((text) => LUAJIT_ONLY.test(text)))
            throw new Unsupported("Lua code with syntax that only LuaJIT has");
        const answer = this.functions.load(encode(bytes(luaExpression({ conf, functions })))) as string;
        const [outcome, word] = answer.split(" ");
        return Number(decoded(outcome, word));
    }

    /** Runs functions in order until a function returns an answer, which ends the request. */
    run(id: number, request: LuaRequest): Exit | undefined {
        if (this.closed) return undefined; // the log phase of a request can be later than the end of its gateway
        const number = this.numbers.get(request.ctx) ?? String(++this.count);
        this.numbers.set(request.ctx, number);
        const answer = this.functions.run(id, stateOf(number, request)) as string;
        const [outcome, code, body, ...changes] = answer.split(" ");
        for (let i = 0; i < changes.length; i += 3)
            apply(request, changes[i], decode(changes[i + 1])!, decode(changes[i + 2]));
        const status = decoded(outcome, code);
        if (status === undefined) return undefined;
        return body === "-" ? { code: Number(status) } : { code: Number(status), body: utf8(decode(body)!) };
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
}

/** The text for environment.lua. Strings have one byte per character. */
function stateOf(number: string, { ctx, phase, chunk }: LuaRequest): string {
    const { consumer } = ctx;
    const pairs = (list: (readonly [string, string | undefined])[]) => [String(list.length), ...list.flat()];
    const asked = Object.entries(ctx.headerTable()).flatMap(([name, values]) =>
        [values].flat().map((value) => [name, value] as const),
    );
    const readable = ["uri", "scheme", "http_authorization"].map((name) => [name, ctx.lookup(name) as string] as const);
    const words = [
        ...[number, phase, String(ctx.status), ctx.hasMoreHeaders ? "truncated" : undefined],
        ...[consumer && bytes(consumer.username), consumer?.credentialId, chunk?.toString("latin1")],
        ...pairs(asked),
        ...pairs([...ctx.response].map(([name, value]) => [name.toLowerCase(), value])),
        ...pairs([...ctx.variables]),
        ...pairs(readable),
    ];
    return words.map(encode).join(" ");
}

function apply(request: LuaRequest, kind: string, name: string, value: string | undefined): void {
    const { ctx } = request;
    if (kind === "request") ctx.headers.set(name, value);
    else if (kind === "answer") ctx.response.set(name, value);
    else if (kind === "variable") ctx.variables.set(name, value ?? "");
    else if (kind === "chunk") request.chunk = Buffer.from(value ?? "", "latin1");
    else if (kind === "instance") ctx.ai.instance = value;
    else ctx.ai.usage = { ...ctx.ai.usage, [name]: Number(value) };
}

/** Escapes bytes that are not printable ASCII as %XX. @param binary one byte per character */
function encode(binary: string | undefined): string {
    if (binary === undefined) return "-";
    const hex = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    return `=${binary.replace(/[^!-$&-~]/g, hex)}`;
}

function decode(word: string): string | undefined {
    if (word === "-") return undefined;
    return word.slice(1).replace(/%([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

const utf8 = (binary: string) => Buffer.from(binary, "latin1").toString("utf8");

/** The first word about an outcome. @throws Error, Unsupported */
function decoded(outcome: string, word: string): string | undefined {
    const text = decode(word);
    if (outcome === "refused") throw new Unsupported(`${utf8(text!)} in Lua`);
    if (outcome === "failed") throw new Error(`Lua: ${utf8(text!)}`);
    return text;
}

/** Converts a configuration into Lua source. */
function luaExpression(value: unknown): string {
    if (value === null) throw new Unsupported("null in the configuration of a Lua function");
    if (typeof value === "string")
        return `"${value
            .replace(/["\\\n]/g, "\\$&")
            .replace(/\r/g, "\\r")
            .replace(/\0/g, "\\000")}"`;
    if (typeof value !== "object") return String(value);
    if (Array.isArray(value)) return `{${value.map(luaExpression).join(",")}}`;
    return `{${Object.entries(value)
        .map(([key, inner]) => `[${luaExpression(key)}]=${luaExpression(inner)}`)
        .join(",")}}`;
}
