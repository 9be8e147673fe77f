/** Handles one request from matching to the log phase, in the order of APISIX. */
import type { Agent, IncomingMessage } from "node:http";
import { applies, send, sendGap } from "./answer";
import type { Context } from "../request/context";
import { NginxExit } from "../http/nginx";
import { Unsupported } from "../unsupported";
import { mergeEntries } from "../objects/entries";
import type { AccessLog } from "../observed/access-log";
import { figuresOf } from "../request/figures";
import { forgetLua } from "../serverless/machine";
import { ClientGone, proxy } from "../upstream/proxy";
import type { Store } from "../objects/store";
import type { Entry, Exit } from "../request/types";

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
        for (const { name, handlers, before } of ctx.entries)
            if (!ctx.ranAsAction.has(name)) {
                before?.(ctx, "log");
                handlers.log?.(ctx);
            }
        forgetLua(ctx);
        parts.accessLog?.add(ctx, ctx.remoteAddress, ctx.figures);
        parts.onAnswer?.({ caller: ctx.consumer?.username ?? null, status: ctx.figures.status, check });
    }
}

async function answerRequest(ctx: Context, parts: PipelineParts): Promise<void> {
    let answer: IncomingMessage | Exit | undefined;
    try {
        answer = await runPhases(ctx, parts).catch((error: unknown): Exit => {
            if (error instanceof ClientGone || error instanceof Unsupported || ctx.answer.destroyed) throw error;
            if (error instanceof NginxExit) return { code: error.status };
            parts.log(`gateway: request failed: ${(error as Error).stack}`);
            return { code: 500 };
        });
        if (!("code" in answer && answer.code === 413)) ctx.sendContinue(); // nginx discards the body of a rejected request
        await send(ctx, answer);
    } catch (error) {
        if (answer && !("code" in answer)) answer.destroy();
        if (ctx.answer.destroyed) return; // the gateway was killed, or the client has disconnected
        if (!(error instanceof Unsupported) || ctx.answer.headersSent) throw error;
        parts.log(error.message);
        ctx.sendContinue();
        sendGap(ctx, error.message);
    }
}

async function runPhases(ctx: Context, { store, agent }: PipelineParts): Promise<IncomingMessage | Exit> {
    ctx.route = store.router().match(ctx);
    if (!ctx.route) return { code: 404, body: { error_msg: "404 Route Not Found" } };
    const { plugins, upstreamKey } = ctx.route;
    ctx.entries = plugins;
    const rewritten = await runPhase(ctx, ctx.entries, "rewrite");
    if (rewritten) return rewritten;
    if (ctx.consumer) {
        ctx.entries = mergeEntries(plugins, ctx.consumer.plugins);
        // Plugins that only the consumer has. The rewrite phase has not run for these plugins yet.
        const added = ctx.entries.filter(({ name }) => !plugins.some((one) => one.name === name));
        const exit = await runPhase(ctx, added, "rewrite");
        if (exit) return exit;
    }
    const exit = await runPhase(ctx, ctx.entries, "access");
    if (exit) return exit;
    const balancer = upstreamKey === undefined ? undefined : store.balancer(upstreamKey);
    if (!balancer || balancer.upstream.nodes.length === 0) return { code: 503 };
    return proxy(ctx, balancer.upstream, balancer.pick(ctx), { agent, resolve: store.resolve });
}

/** Runs a phase of the plugins, until one of them ends the request. */
async function runPhase(
    ctx: Context,
    entries: readonly Entry[],
    phase: "rewrite" | "access",
): Promise<Exit | undefined> {
    for (const entry of entries) {
        if (!applies(ctx, entry) || ctx.ranAsAction.has(entry.name)) continue;
        entry.before?.(ctx, phase);
        const exit = await entry.handlers[phase]?.(ctx);
        if (ctx.answer.destroyed) throw new ClientGone();
        if (!exit) continue;
        const replaced = exit.code >= 400 && entry.errorResponse !== undefined;
        return replaced ? { code: exit.code, body: entry.errorResponse } : exit;
    }
    return undefined;
}
