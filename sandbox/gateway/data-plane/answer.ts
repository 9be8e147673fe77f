/** The answer to the client: headers, filters and body. */
import type { IncomingMessage } from "node:http";
import type { Context } from "../request/context";
import { bytes, HeaderList } from "../http/headers";
import { SERVER, errorPage, statusText } from "../http/nginx";
import type { Entry, Exit } from "../request/types";

/** Whether the plugin applies to the request, according to the plugin's `_meta.filter`. */
export function applies(ctx: Context, { filter }: Entry): boolean {
    return filter?.(ctx.lookup) ?? true;
}

/** Headers of an upstream's answer that nginx does not pass on. */
const HIDDEN = /^(connection|keep-alive|transfer-encoding|server|date|x-pad|x-accel-.*)$/i;

export async function send(ctx: Context, source: IncomingMessage | Exit): Promise<void> {
    let body = "code" in source ? exitBody(ctx, source) : source;
    let reason: string | undefined;
    if (!("code" in source)) {
        ctx.status = source.statusCode ?? 502;
        reason = source.statusMessage;
        for (const [name, value] of HeaderList.fromRaw(source.rawHeaders))
            if (!HIDDEN.test(name)) ctx.response.add(name, value);
    }
    // If the upstream's answer is 5xx, APISIX also sends its status in a header.
    if ((ctx.upstreamStatus ?? 0) >= 500) ctx.response.set("X-APISIX-Upstream-Status", String(ctx.upstreamStatus));

    const entries = ctx.entries.filter((entry) => applies(ctx, entry));
    for (const { handlers, before } of entries) {
        before?.(ctx, "header_filter");
        handlers.headerFilter?.(ctx);
    }
    if (ctx.method === "HEAD" && !Buffer.isBuffer(body)) {
        body.resume();
        writeHead(ctx, reason);
        ctx.answer.end();
        return;
    }
    if (entries.some(({ handlers }) => handlers.wantsBody?.(ctx))) {
        const whole = Buffer.isBuffer(body) ? body : await collect(body);
        const changing = entries.filter(({ handlers }) => handlers.wantsBody?.(ctx));
        body = changing.reduce((one, { handlers }) => handlers.bodyFilter?.(one) ?? one, whole);
    }
    const filtered = (piece: Buffer) =>
        entries.reduce((one, { before }) => before?.(ctx, "body_filter", one) ?? one, piece);
    if (!Buffer.isBuffer(body)) {
        writeHead(ctx, reason);
        return pipe(body, ctx, filtered);
    }
    body = filtered(body);
    // A body filter may leave a wrong Content-Length. nginx sends it unchanged, and cannot reuse the connection.
    const length = ctx.response.get("Content-Length");
    if (length !== undefined && Number(length) !== body.length && ctx.method !== "HEAD")
        ctx.answer.shouldKeepAlive = false;
    writeHead(ctx, reason);
    ctx.answer.end(ctx.method === "HEAD" ? undefined : body);
}

/** Answers 501 with the name of an unsupported feature, without headers of plugins or of an upstream. */
export function sendGap(ctx: Context, message: string): void {
    for (const [name] of [...ctx.response]) ctx.response.delete(name);
    const body = exitBody(ctx, { code: 501, body: { error_msg: message } });
    writeHead(ctx, undefined);
    ctx.answer.end(ctx.method === "HEAD" ? undefined : body);
}

/** Sets the status and headers of an answer by APISIX or nginx, and returns its body. */
function exitBody(ctx: Context, { code, body }: Exit): Buffer {
    ctx.status = code;
    if (body === undefined && code >= 300) {
        const page = Buffer.from(errorPage(code));
        ctx.response.set("Content-Type", "text/html; charset=utf-8");
        ctx.response.set("Content-Length", String(page.length));
        return page;
    }
    if (!ctx.response.has("Content-Type")) ctx.response.set("Content-Type", "text/plain; charset=utf-8");
    return Buffer.from(typeof body === "object" ? `${JSON.stringify(body)}\n` : (body ?? ""));
}

function writeHead(ctx: Context, reason: string | undefined): void {
    const { answer, response, request, status } = ctx;
    const bodyless = status === 204 || status === 304 || request.method === "HEAD";
    const raw: string[] = ["Server", SERVER];
    // A value from a request or an answer has one byte per character already.
    for (const [name, value] of response) raw.push(name, /[^\x00-\xff]/.test(value) ? bytes(value) : value);
    if (!bodyless && !response.has("Content-Length") && request.httpVersion === "1.1")
        raw.push("Transfer-Encoding", "chunked");
    if (!answer.shouldKeepAlive) raw.push("Connection", "close");
    answer.writeHead(status, reason ?? statusText(status), raw);
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
        answer.on("close", () => {
            source.destroy();
            resolve();
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
