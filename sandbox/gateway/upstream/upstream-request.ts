/** The request that nginx sends to an upstream: its path, Host and headers. */
import type { OutgoingHttpHeaders } from "node:http";
import type { Context } from "../request/context";

/** Headers that nginx never forwards, or that the gateway replaces. */
const NOT_FORWARDED =
    /^(connection|keep-alive|te|upgrade|expect|transfer-encoding|host|content-length|x-real-ip|x-forwarded-for)$/i;

export function upstreamPath({ nginxUri, target }: Context): string {
    if (nginxUri === undefined) return target.unparsed;
    return nginxUri + (target.args === undefined ? "" : `?${target.args}`);
}

/** Whether the request has a body, even an empty one. */
export function announces({ headers }: Context, body: Buffer): boolean {
    return body.length > 0 || headers.has("content-length") || headers.has("transfer-encoding");
}

export function upstreamHeaders(ctx: Context, body: Buffer): OutgoingHttpHeaders {
    const forwarded = ctx.headers.all("x-forwarded-for").filter((value) => value !== "");
    const headers: Record<string, string | string[]> = {
        Host: ctx.headers.get("host") ?? "",
        "X-Real-IP": ctx.remoteAddress,
        "X-Forwarded-For": [...forwarded, ctx.remoteAddress].join(", "),
    };
    for (const [name] of ctx.headers) {
        const isKnown = Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase());
        if (!isKnown && !NOT_FORWARDED.test(name)) headers[name] = ctx.headers.all(name);
    }
    if (announces(ctx, body)) headers["Content-Length"] = String(body.length);
    return headers;
}
