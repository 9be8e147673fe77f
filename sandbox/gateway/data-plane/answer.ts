/** The answer to the client: headers, filters and body. */
import type { IncomingMessage } from "node:http";
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { SERVER, errorPage, statusText, withCharset } from "../http/nginx";
import type { Entry, Exit } from "../request/types";

/**
 * Whether the plugin applies to the request, according to the plugin's `_meta.filter`. The filter is evaluated once per
 * request.
 */
export function applies(ctx: Context, entry: Entry): boolean {
    if (!entry.filter) return true;
    const known = ctx.notes.get(entry) as boolean | undefined;
    if (known !== undefined) return known;
    const result = entry.filter(ctx.lookup);
    ctx.notes.set(entry, result);
    return result;
}

/** Headers of an upstream's answer that nginx does not pass on. */
const HIDDEN = new Set(["connection", "keep-alive", "transfer-encoding", "server", "date", "x-pad"]);

export async function send(ctx: Context, source: IncomingMessage | Exit): Promise<void> {
    let body: Buffer | IncomingMessage;
    let reason: string | undefined;
    if ("code" in source) body = exitBody(ctx, source);
    else {
        body = source;
        ctx.status = source.statusCode ?? 502;
        reason = source.statusMessage;
        for (let i = 0; i + 1 < source.rawHeaders.length; i += 2) {
            const name = source.rawHeaders[i];
            if (!HIDDEN.has(name.toLowerCase()) && !/^x-accel-/i.test(name))
                ctx.response.add(name, source.rawHeaders[i + 1]);
        }
    }

    // If the last upstream try ended with 5xx, APISIX sends the statuses of all tries in a header.
    const last = Number(ctx.upstreamStatuses.at(-1) ?? 0);
    if (last >= 500 && last <= 599) ctx.response.set("X-APISIX-Upstream-Status", ctx.upstreamStatuses.join(", "));

    const entries = [...ctx.globalEntries, ...ctx.entries].filter((e) => applies(ctx, e));
    const before = ctx.status;
    for (const { handlers, before: first } of entries) {
        first?.(ctx, "header_filter");
        handlers.headerFilter?.(ctx);
    }
    if (ctx.status !== before) reason = undefined;
    const contentType = ctx.response.get("Content-Type");
    if (contentType !== undefined) ctx.response.set("Content-Type", withCharset(contentType));

    if (ctx.method === "HEAD" && !Buffer.isBuffer(body)) {
        body.resume();
        writeHead(ctx, reason);
        ctx.answer.end();
        return;
    }
    if (entries.some((e) => e.handlers.wantsBody?.(ctx))) {
        let changed = Buffer.isBuffer(body) ? body : await collect(body);
        for (const { handlers } of entries) changed = handlers.bodyFilter?.(ctx, changed) ?? changed;
        body = changed;
    }
    const filtered = (piece: Buffer) => entries.reduce((one, e) => e.before?.(ctx, "body_filter", one) ?? one, piece);
    if (Buffer.isBuffer(body)) {
        body = filtered(body);
        // A body filter may leave a wrong Content-Length. nginx sends it unchanged, and cannot reuse the connection.
        const length = ctx.response.get("Content-Length");
        if (length !== undefined && Number(length) !== body.length && ctx.request.method !== "HEAD")
            ctx.answer.shouldKeepAlive = false;
        writeHead(ctx, reason);
        ctx.answer.end(ctx.request.method === "HEAD" ? undefined : body);
    } else {
        writeHead(ctx, reason);
        await pipe(body, ctx, filtered);
    }
}

/** Answers 501 with the name of an unsupported feature, without headers of plugins or of an upstream. */
export function sendGap(ctx: Context, message: string): void {
    for (const [name] of [...ctx.response]) ctx.response.delete(name);
    const body = exitBody(ctx, { code: 501, body: { error_msg: message } });
    writeHead(ctx, undefined);
    ctx.answer.end(ctx.request.method === "HEAD" ? undefined : body);
}

/** Sets the status and headers of an answer by APISIX or nginx, and returns its body. */
function exitBody(ctx: Context, exit: Exit): Buffer {
    ctx.status = exit.code;
    if (exit.body === undefined && exit.code >= 300) {
        const page = Buffer.from(errorPage(exit.code));
        ctx.response.set("Content-Type", page.length > 0 ? "text/html" : undefined);
        ctx.response.set("Content-Length", String(page.length));
        return page;
    }
    if (!ctx.response.has("Content-Type")) ctx.response.set("Content-Type", "text/plain");
    if (exit.body === undefined) return Buffer.alloc(0);
    return Buffer.from(typeof exit.body === "string" ? exit.body : `${JSON.stringify(exit.body)}\n`);
}

function writeHead(ctx: Context, reason: string | undefined): void {
    const { answer, response, request } = ctx;
    const bodyless = ctx.status === 204 || ctx.status === 304 || request.method === "HEAD";
    const raw: string[] = ["Server", SERVER];
    for (const [name, value] of response) if (name.toLowerCase() !== "server") raw.push(name, wire(value));
    if (!bodyless && !response.has("Content-Length") && request.httpVersion === "1.1")
        raw.push("Transfer-Encoding", "chunked");
    if (!answer.shouldKeepAlive) raw.push("Connection", "close");
    answer.writeHead(ctx.status, reason ?? statusText(ctx.status), raw);
}

/** Converts a header value to one byte per character. A value from a request or an answer already has that form. */
function wire(value: string): string {
    return /[^\x00-\xff]/.test(value) ? bytes(value) : value;
}

async function collect(source: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
        for await (const chunk of source) chunks.push(chunk as Buffer);
    } catch {
        // If the upstream breaks off its answer, body filters get the part that has arrived.
    }
    return Buffer.concat(chunks);
}

/**
 * Streams the upstream's answer to the client. If the upstream breaks it off, the client's connection is closed.
 * @param filtered returns a piece of the answer as the client gets it
 */
function pipe(source: IncomingMessage, { answer }: Context, filtered: (piece: Buffer) => Buffer): Promise<void> {
    return new Promise((resolve) => {
        const done = () => resolve();
        answer.on("close", () => {
            source.destroy();
            done();
        });
        source.on("data", (chunk: Buffer) => {
            if (!answer.write(filtered(chunk))) source.pause();
        });
        answer.on("drain", () => source.resume());
        source.on("end", () => answer.end());
        source.on("error", () => answer.destroy());
        source.on("close", () => {
            if (!source.complete) answer.destroy();
        });
        // An answer without a body may have ended before this listener is added.
        if (source.readableEnded) answer.end();
        else if (source.destroyed) answer.destroy();
        else source.resume();
    });
}
