/** Handles one request from matching to the log phase, in the order of APISIX. */
import type { Agent, IncomingMessage } from "node:http";
import { applies, send, sendGap } from "./answer";
import type { Context } from "../request/context";
import { NginxExit } from "../http/nginx";
import { Unsupported } from "../unsupported";
import { mergeEntries } from "../objects/objects";
import type { AccessLog } from "../observed/access-log";
import { figuresOf } from "../request/figures";
import { ClientGone, proxy } from "../upstream/proxy";
import type { Store } from "../objects/store";
import type { Entry, Exit } from "../request/types";

/** Thrown by a phase that ends the request. */
class PhaseExit extends Error {
    constructor(readonly exit: Exit) {
        super(`request ended with status ${exit.code}`);
    }
}

export interface PipelineParts {
    store: Store;
    agent: Agent;
    /** @default requests are not logged */
    accessLog?: AccessLog;
    onAnswer?: (answered: { caller: string | null; status: number; check?: boolean }) => void;
    log(line: string): void;
}

/**
 * Host header of this project's own requests through port forwarding (components/kubernetes/pod-connection.ts). Requests
 * of callers never have it, because their Host contains a port or another name.
 */
const FORWARDED = "localhost";

export async function handleRequest(ctx: Context, parts: PipelineParts): Promise<void> {
    parts.store.metrics.seen();
    const check = ctx.headers.get("host") === FORWARDED;
    const over = new Promise<void>((resolve) => ctx.answer.once("close", resolve));
    try {
        await answerRequest(ctx, parts);
    } finally {
        if (!ctx.answer.writableEnded && !ctx.answer.destroyed) ctx.answer.destroy();
        await over; // the log phase frees limit-conn slots, so it runs only after the end of the answer or a disconnect
        ctx.figures = figuresOf(ctx);
        for (const { name, handlers, before } of [...ctx.globalEntries, ...ctx.entries])
            if (!ctx.ranAsAction.has(name)) {
                before?.(ctx, "log");
                handlers.log?.(ctx);
            }
        parts.store.lua.forget(ctx);
        parts.accessLog?.add(ctx, ctx.figures);
        parts.onAnswer?.({ caller: ctx.consumer?.username ?? null, status: ctx.figures.status, check });
    }
}

async function answerRequest(ctx: Context, parts: PipelineParts): Promise<void> {
    let upstreamAnswer: IncomingMessage | undefined;
    let exit: Exit | undefined;
    try {
        upstreamAnswer = await runPhases(ctx, parts);
    } catch (error) {
        if (error instanceof ClientGone || ctx.answer.destroyed) return;
        if (error instanceof PhaseExit) exit = error.exit;
        else if (error instanceof NginxExit) exit = { code: error.status };
        else if (error instanceof Unsupported) return refuse(ctx, error, parts);
        else {
            parts.log(`gateway: request failed: ${error instanceof Error ? error.stack : String(error)}`);
            exit = { code: 500 };
        }
    }
    if (exit?.code !== 413) ctx.sendContinue(); // nginx reads and discards the body of a rejected request
    try {
        await send(ctx, upstreamAnswer ?? (exit as Exit));
    } catch (error) {
        upstreamAnswer?.destroy();
        if (ctx.answer.destroyed) return; // the gateway was killed, or the client has disconnected
        if (!(error instanceof Unsupported) || ctx.answer.headersSent) throw error;
        refuse(ctx, error, parts);
    }
}

/** Answers a request that needs an unsupported feature. No later phase runs for the request, not even filters of the answer. */
function refuse(ctx: Context, { message }: Unsupported, { log }: PipelineParts): void {
    log(message);
    ctx.sendContinue();
    sendGap(ctx, message);
}

async function runPhases(ctx: Context, { store, agent }: PipelineParts): Promise<IncomingMessage> {
    const runtime = store.runtime();
    ctx.route = runtime.router.match(ctx);
    if (ctx.route?.broken !== undefined) throw new PhaseExit({ code: ctx.route.broken });

    ctx.globalEntries = runtime.globalEntries;
    await runPhase(ctx, ctx.globalEntries, "rewrite");
    await runPhase(ctx, ctx.globalEntries, "access");
    if (!ctx.route) throw new PhaseExit({ code: 404, body: { error_msg: "404 Route Not Found" } });

    ctx.entries = ctx.route.plugins;
    await runPhase(ctx, ctx.entries, "rewrite");
    if (ctx.consumer && ctx.consumer.plugins.names.length > 0) {
        const { plugins } = ctx.consumer;
        const before = new Set(ctx.route.plugins.map((e) => e.name));
        ctx.entries = mergeEntries({ entries: ctx.route.plugins, names: [] }, plugins);
        // Plugins that authentication added from the consumer. The rewrite phase has not run for these plugins yet.
        const added = ctx.entries.filter((e) => !e.isAuth && !before.has(e.name) && plugins.entries.includes(e));
        await runPhase(ctx, added, "rewrite");
    }
    await runPhase(ctx, ctx.entries, "access");
    return await callUpstream(ctx, store, agent);
}

async function runPhase(ctx: Context, entries: readonly Entry[], phase: "rewrite" | "access"): Promise<void> {
    for (const entry of entries) {
        const step = entry.handlers[phase];
        if (!step && !entry.before) continue;
        if (!applies(ctx, entry) || ctx.ranAsAction.has(entry.name)) continue;
        entry.before?.(ctx, phase);
        const exit = await step?.(ctx);
        if (ctx.answer.destroyed) throw new ClientGone();
        if (!exit) continue;
        const replaced = exit.code >= 400 && entry.errorResponse !== undefined;
        throw new PhaseExit(replaced ? { code: exit.code, body: entry.errorResponse } : exit);
    }
}

async function callUpstream(ctx: Context, store: Store, agent: Agent): Promise<IncomingMessage> {
    const upstream = ctx.route?.upstream;
    if (upstream === "missing") throw new PhaseExit({ code: 502 });
    if (!upstream || upstream.nodes.length === 0) throw new PhaseExit({ code: 503 });
    const result = await proxy(ctx, upstream, store.pickerFor(upstream), { agent, resolve: store.resolve });
    if ("failed" in result) throw new NginxExit(result.failed);
    return result.response;
}
