import { alpaError, plugin, type RoutePlugin } from "./route-plugin";

/** Error body as a Lua string. It must not contain `]]`. */
const body = (message: string) => `[[${JSON.stringify(alpaError(message))}]]`;

/** Lua that reads the request headers into `headers`, and removes those with an underscore. @param tooMany the error's body */
export const OPEN_HEADERS = (tooMany: object) => `    local headers, cut = ngx.req.get_headers()
    if cut then
        return 400, [[${JSON.stringify(tooMany)}]]
    end
    for name in pairs(headers) do
        if name:find("_", 1, true) then
            ngx.req.clear_header(name)
        end
    end`;

/**
 * Checks request headers before authentication, in ways that no plugin of APISIX offers:
 *
 * - Removes headers with an underscore in their name: APISIX forwards X_Consumer_Username, and many servers treat it as
 *   X-Consumer-Username. Requests with more than 100 headers, the gateway's own included, are rejected, since APISIX
 *   shows plugins only the first 100.
 * - Rejects a token whose header or claims are not a JSON object: jwt-auth 3.18.0 indexes them, which is an error (500)
 *   for null, true and numbers. The Base64 of a text that begins with a brace begins with `e` and one of 16 characters.
 *
 * @param unauthorized error message for any other invalid credential
 */
export function incomingHeaders(unauthorized: string): RoutePlugin {
    return plugin("serverless-pre-function", {
        phase: "rewrite",
        functions: [
            `return function()
${OPEN_HEADERS(alpaError("too many headers"))}
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
