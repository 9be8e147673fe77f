import { plugin, type RoutePlugin } from "./route-plugin";

/**
 * Corrects two headers that APISIX's plugins set wrongly. WWW-Authenticate: a request with a valid token would get the
 * challenge of key-auth, which runs first. Retry-After: it must be a whole number of seconds, but the limits return the
 * remaining time of their window with fractions. A limit on open requests returns no time, so Retry-After is 1 s.
 */
export const HEADERS_OF_ANSWERS = `return function()
    if ngx.status ~= 401 then
        ngx.header["WWW-Authenticate"] = nil
    end
    if ngx.status == 429 then
        local seconds = tonumber(ngx.header["X-RateLimit-Reset"])
        ngx.header["Retry-After"] = seconds and math.max(1, math.ceil(seconds)) or 1
    end
end`;

/** HSTS for a year. The header must not be sent over HTTP (RFC 6797, 7.2), which a tunnel uses. */
export const HSTS = `return function()
    if ngx.var.scheme == "https" then
        ngx.header["Strict-Transport-Security"] = "max-age=31536000"
    end
end`;

/** Plugin that corrects headers of answers from Alpa and of the gateway's own answers. @param tls see {@link hsts} */
export function answerHeaders({ tls }: { tls?: boolean }): RoutePlugin {
    return onHeaders([HEADERS_OF_ANSWERS, ...(tls ? [HSTS] : [])]);
}

/** Adds HSTS to answers over TLS. */
export function hsts(): RoutePlugin {
    return onHeaders([HSTS]);
}

/** The same as `_meta.pre_function` of a plugin, which APISIX runs in every phase. */
export function correctedHeaders(tls: boolean): string {
    const both = [HEADERS_OF_ANSWERS, ...(tls ? [HSTS] : [])].map((text) => `    (${text.replace(/^return /, "")})()`);
    return `return function()
    if ngx.get_phase() ~= "header_filter" then
        return
    end
${both.join(";\n")}
end`;
}

function onHeaders(functions: string[]): RoutePlugin {
    return plugin("serverless-post-function", { phase: "header_filter", functions });
}
