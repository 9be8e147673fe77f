/** The request that nginx sends to an upstream: its path, Host and headers. */
import type { OutgoingHttpHeaders } from "node:http";
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import type { Node, Upstream } from "../request/types";
import { escapePath } from "../http/uri";

/** Headers that nginx never forwards. */
const DROPPED = new Set(["connection", "keep-alive", "te", "upgrade", "expect", "transfer-encoding", "host"]);
/** Headers of the client that the gateway replaces. */
const REPLACED = new Set(["content-length", "x-real-ip", "x-forwarded-for"]);

/** Whether the request has a body, even an empty one. */
export function announces(ctx: Context, body: Buffer): boolean {
    return body.length > 0 || ctx.announcesBody;
}

export function upstreamPath(ctx: Context): string {
    if (ctx.upstreamUri !== undefined) return ctx.upstreamUri;
    return ctx.originalUri ?? escapePath(ctx.uri) + (ctx.args ? `?${ctx.args}` : "");
}

export function upstreamHeaders(ctx: Context, upstream: Upstream, node: Node, body: Buffer): OutgoingHttpHeaders {
    const list: [string, string][] = [["Host", upstreamHost(ctx, upstream, node)]];
    list.push(["X-Real-IP", ctx.remoteAddress]);
    const forwarded = ctx.headers.all("x-forwarded-for").filter((v) => v !== "");
    list.push(["X-Forwarded-For", [...forwarded, ctx.remoteAddress].join(", ")]);
    const seen: [string, string][] = [
        ["X-Forwarded-Proto", ctx.scheme],
        ["X-Forwarded-Host", ctx.headers.get("host") ?? ""],
        ["X-Forwarded-Port", ctx.forwardedPort],
    ];
    for (const [name, value] of seen) list.push([name, ctx.headers.get(name) ?? value]);
    const named = new Set(seen.map(([name]) => name.toLowerCase()));
    for (const [name, value] of ctx.headers) {
        const key = name.toLowerCase();
        if (!DROPPED.has(key) && !REPLACED.has(key) && !named.has(key)) list.push([name, value]);
    }
    if (announces(ctx, body)) list.push(["Content-Length", String(body.length)]);

    const headers: OutgoingHttpHeaders = {};
    const names = new Map<string, string>(); // first spelling of each header name, by lower-case name
    for (const [name, value] of list) {
        const spelling = names.get(name.toLowerCase()) ?? name;
        names.set(name.toLowerCase(), spelling);
        const old = headers[spelling];
        headers[spelling] = old === undefined ? value : [...(Array.isArray(old) ? old : [String(old)]), value];
    }
    return headers;
}

function upstreamHost(ctx: Context, upstream: Upstream, node: Node): string {
    if (upstream.passHost === "rewrite") return bytes(upstream.upstreamHost ?? "");
    if (upstream.passHost === "node") return node.port === 80 ? node.host : `${node.host}:${node.port}`;
    return ctx.upstreamHost ?? ctx.headers.get("host") ?? "";
}
