/**
 * Runs Lua texts of configurations. APISIX runs them with LuaJIT 2.1, the emulator with Lua 5.1 (the PUC-Rio interpreter as
 * WebAssembly). environment.lua has what functions may use. One interpreter serves all gateways of a process.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lua } from "wasmoon-lua5.1";
import { MAX_HEADERS, type Context } from "../request/context";
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
/** Headers that nginx derives from the body and the connection. */
const FRAMING = /^(host|connection|content-length|transfer-encoding|expect|te|upgrade)$/i;

type Value = string | number | undefined;

let load: (text: string, conf: unknown) => number;
let execute: (id: number) => void;
let forgetFields: (number: number) => void;
let started: Promise<void> | undefined;

/** Ids of loaded functions, by configuration and text. */
const ids = new Map<string, number>();
/** Numbers of requests for which Lua has run. */
const numbers = new WeakMap<Context, number>();
let count = 0;

let now: LuaRequest | undefined;
let exit: Exit | undefined;
/** What the running function may not do. It is kept, so that a pcall cannot hide it. */
let refused: Error | undefined;

/** Starts the interpreter. Must be called before the other functions. */
export function startLua(): Promise<void> {
    return (started ??= (async () => {
        const { global } = await Lua.create();
        global.set("get", get);
        global.set("set", set);
        global.set("answer", (code: unknown, body: unknown) => {
            if (code === undefined || code === null) return;
            if (typeof code !== "number" || code < 200) refuse("a function that returns no status");
            exit = typeof body === "string" ? { code, body: Buffer.from(body, "latin1").toString() } : { code };
        });
        global.loadString(readFileSync(join(__dirname, "environment.lua"), "utf8"), "environment.lua");
        [load, execute, forgetFields] = global.runSync(0) as unknown as [
            typeof load,
            typeof execute,
            typeof forgetFields,
        ];
        global.setTop(0);
    })());
}

/** Creates a function. @returns its id @throws Error with Lua's message if the text does not return a function */
export function loadLua(text: string, conf: Conf): number {
    const key = JSON.stringify([text, conf]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    if (LUAJIT_ONLY.test(text)) throw new Unsupported("Lua code with syntax that only LuaJIT has");
    const id = guarded(undefined, () => load(bytes(text), tableOf(JSON.parse(bytes(JSON.stringify(conf))))));
    ids.set(key, id);
    return id;
}

/** Runs a function. @returns the answer that ends the request, if it returns one */
export function runLua(id: number, request: LuaRequest): Exit | undefined {
    exit = undefined;
    guarded(request, () => {
        execute(id);
        if (refused) throw refused; // a pcall has caught it
    });
    return exit;
}

/** Deletes the fields that functions have set in ctx. Called at the end of each request. */
export function forgetLua(ctx: Context): void {
    const number = numbers.get(ctx);
    if (number !== undefined) forgetFields(number);
}

/** @throws Unsupported if Lua used something that is not emulated, or Error */
function guarded<T>(request: LuaRequest | undefined, work: () => T): T {
    now = request;
    refused = undefined;
    try {
        return work();
    } catch (error) {
        refused ??= new Error(`Lua: ${(error as Error).message}`);
    } finally {
        now = undefined;
    }
    throw refused;
}

function refuse(what: string): never {
    refused ??= new Unsupported(`${what} in Lua`);
    throw refused;
}

function get(kind: string, name: string | number): unknown {
    const key = String(name);
    if (!now) return refuse(kind === "global" ? key : `${kind}.${key}`);
    const { ctx, phase, chunk } = now;
    const fields: Record<string, () => unknown> = {
        "ngx.status": () => ctx.status,
        "ngx.phase": () => (phase === "rewrite" ? "access" : phase),
        "ngx.req.headers": () => tableOf({ ...ctx.headerTable() }),
        "ngx.req.truncated": () => ([...ctx.headers].length > MAX_HEADERS ? "truncated" : undefined),
        "ngx.var.uri": () => ctx.lookup("uri"),
        "ngx.var.scheme": () => ctx.scheme,
        "ngx.var.http_authorization": () => ctx.lookup("http_authorization"),
        "ctx.consumer_name": () => ctx.lookup("consumer_name"),
        "ctx.consumer.credential_id": () => ctx.consumer?.credentialId,
        "ctx.number": () => {
            if (!numbers.has(ctx)) numbers.set(ctx, ++count);
            return numbers.get(ctx);
        },
        ...(phase === "body_filter" && { "ngx.arg.1": () => chunk?.toString("latin1") }),
    };
    if (kind === "ngx.header") return ctx.response.get(key.replaceAll("_", "-"));
    if (kind === "ngx.var" && ctx.variables.has(key)) return ctx.variables.get(key);
    const field = fields[`${kind}.${key}`];
    return field ? field() : refuse(kind === "global" ? key : `${kind}.${key}`);
}

function set(kind: string, name: string | number, given: unknown): void {
    const key = String(name);
    const what = `setting ${kind}.${key}`;
    if (!now || (typeof given === "object" && given !== null)) return refuse(what);
    const { ctx, phase } = now;
    const value = given === undefined || given === null ? undefined : String(given as Value);
    const isLate = phase === "body_filter" || phase === "log";
    if (kind === "ngx.arg" && key === "1" && phase === "body_filter") now.chunk = Buffer.from(value ?? "", "latin1");
    else if (value !== undefined && /[\x00-\x1f\x7f]/.test(value)) refuse(`${what} to control characters`);
    else if (kind === "ngx.req" && !FRAMING.test(key) && !isLate && phase !== "header_filter")
        ctx.headers.set(key, value);
    else if (kind === "ngx.header" && !isLate) ctx.response.set(key, value);
    else if (kind === "ngx.var") {
        // the error of lua-nginx-module, shortened
        if (!ctx.variables.has(key)) throw new Error(`variable "${key}" not found for writing`);
        ctx.variables.set(key, value ?? "");
    } else if (kind === "ctx" && key === "picked_ai_instance_name") ctx.ai.instance = value;
    else if (kind === "ctx" && key === "ai_token_usage") ctx.ai.tokens = Number(value);
    else refuse(what);
}

/** A value for Lua, in which lists begin at 1. */
function tableOf(value: unknown): unknown {
    if (Array.isArray(value)) return [undefined, ...value.map(tableOf)];
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, tableOf(inner)]));
}
