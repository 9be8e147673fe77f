/** The request that nginx sends to an upstream: its path, Host and headers. */
import type { OutgoingHttpHeaders } from "node:http";
import type { Context } from "../request/context";

/** Headers that nginx never forwards, or that the gateway replaces. */
const NOT_FORWARDED = new Set([
    ...["connection", "keep-alive", "te", "upgrade", "expect", "transfer-encoding"],
    ...["host", "content-length", "x-real-ip", "x-forwarded-for"],
]);

/** Whether the request has a body, even an empty one. */
export function announces(ctx: Context, body: Buffer): boolean {
    return body.length > 0 || ctx.announcesBody;
}

export function upstreamPath(ctx: Context): string {
    return ctx.upstreamUri ?? ctx.unparsed;
}

export function upstreamHeaders(ctx: Context, body: Buffer): OutgoingHttpHeaders {
    const forwarded = ctx.headers.all("x-forwarded-for").filter((value) => value !== "");
    const headers: Record<string, string | string[]> = {
        Host: ctx.headers.get("host") ?? "",
        "X-Real-IP": ctx.remoteAddress,
        "X-Forwarded-For": [...forwarded, ctx.remoteAddress].join(", "),
    };
    const names = new Map<string, string>(); // first spelling of each header name, by lower-case name
    for (const [name, value] of ctx.headers) {
        const key = name.toLowerCase();
        if (NOT_FORWARDED.has(key)) continue;
        const spelling = names.get(key) ?? name;
        names.set(key, spelling);
        headers[spelling] = spelling in headers ? [headers[spelling], value].flat() : value;
    }
    if (announces(ctx, body)) headers["Content-Length"] = String(body.length);
    return headers;
}
