import { alpaError, plugin, type RoutePlugin } from "./route-plugin";

/** In Lua. JSON has no `]]` but in a text, and these have none. */
const body = (message: string) => `[[${JSON.stringify(alpaError(message))}]]`;

/**
 * What no plugin does with the headers of a request, before the first one that authenticates:
 *
 * - A header with an underscore in its name is removed. Many servers read X_Consumer_Username as X-Consumer-Username, and APISIX
 *   passes it on. Of more than 100 headers, the gateway's own included, APISIX shows plugins the first 100 only, so more are rejected.
 * - A token whose header or claims are no JSON object is rejected: jwt-auth 3.18.0 indexes them, which is an error (500) for null,
 *   true and numbers. Base64 of what begins with a brace begins with `e` and one of 16 characters.
 *
 * @param unauthorized what any other bad credential is answered
 */
export function incomingHeaders(unauthorized: string): RoutePlugin {
    return plugin("serverless-pre-function", {
        phase: "rewrite",
        functions: [
            `return function()
    local headers, cut = ngx.req.get_headers()
    if cut then
        return 400, ${body("too many headers")}
    end
    for name in pairs(headers) do
        if name:find("_", 1, true) then
            ngx.req.clear_header(name)
        end
    end
    local token = (ngx.var.http_authorization or ""):gsub("^[Bb]earer ", "")
    local header, claims = token:match("^%.*([^.]+)%.+([^.]+)%.+[^.]+%.*$")
    local object = "^e[w-z0-9+/_-]"
    if header and not (header:find(object) and claims:find(object)) then
        ngx.header["WWW-Authenticate"] = 'Bearer realm="jwt"'
        return 401, ${body(unauthorized)}
    end
end`,
        ],
    });
}
