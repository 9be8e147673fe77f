import { plugin, type RoutePlugin } from "./route-plugin";

/**
 * Two headers that no plugin of APISIX can set right. A caller that is let in by its token would still be told how to
 * send a key, since key-auth was asked first. And limits say when their window ends in fractions of a second, which a
 * Retry-After must not hold; a limit on open requests says nothing, so one second.
 */
const CHALLENGE_AND_RETRY = `return function()
    if ngx.status ~= 401 then
        ngx.header["WWW-Authenticate"] = nil
    end
    if ngx.status == 429 then
        local seconds = tonumber(ngx.header["X-RateLimit-Reset"])
        ngx.header["Retry-After"] = seconds and math.max(1, math.ceil(seconds)) or 1
    end
end`;

/** A year. Over HTTP it must not be said (RFC 6797, 7.2), and a tunnel comes by HTTP. */
const HSTS = `return function()
    if ngx.var.scheme == "https" then
        ngx.header["Strict-Transport-Security"] = "max-age=31536000"
    end
end`;

/** What the headers of an answer from Alpa, or in its place, still need. @param tls see {@link hsts} */
export function answerHeaders({ tls }: { tls?: boolean }): RoutePlugin {
    return onHeaders([CHALLENGE_AND_RETRY, ...(tls ? [HSTS] : [])]);
}

/** Says in answers by TLS that callers must come by TLS alone. */
export function hsts(): RoutePlugin {
    return onHeaders([HSTS]);
}

function onHeaders(functions: string[]): RoutePlugin {
    return plugin("serverless-post-function", { phase: "header_filter", functions });
}
