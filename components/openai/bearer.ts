import { plugin, type RoutePlugin } from "../route/route-plugin";
import { OPEN_HEADERS } from "../route/header-checks";
import { openaiError } from "./errors";

/** One message for every failure, since details of a rejected credential would help an attacker. */
export const UNAUTHORIZED = openaiError(
    401,
    "authentication required: send a valid key or token as Authorization: Bearer",
    { code: "invalid_api_key" },
);

/**
 * Checks request headers before authentication (`incomingHeaders` for Alpa), and moves a key from `Authorization: Bearer`,
 * where OpenAI's SDKs put it, to the header that key-auth reads. A value with a dot is a JWT and stays where it is. Two
 * credentials in one request are rejected: of a key in `apikey` and a JWT, one could be revoked or of another caller.
 */
export function bearer(): RoutePlugin {
    return plugin("serverless-pre-function", {
        phase: "rewrite",
        functions: [
            `return function()
${OPEN_HEADERS(openaiError(400, "too many headers"))}
    local function refused()
        ngx.header["WWW-Authenticate"] = 'Bearer realm="alpa-auth"'
        return 401, [[${JSON.stringify(UNAUTHORIZED)}]]
    end
    local authorization, key = headers["authorization"], headers["apikey"]
    if type(authorization) == "table" or type(key) == "table" then
        return refused()
    end
    if authorization == nil then
        return
    end
    local scheme, token = authorization:match("^(%a+) +(%S+)$")
    if key ~= nil or not scheme or scheme:lower() ~= "bearer" then
        return refused()
    end
    if not token:find(".", 1, true) then
        ngx.req.set_header("apikey", token)
        ngx.req.clear_header("Authorization")
        return
    end
    local header, claims = token:match("^([^.]+)%.([^.]+)%.[^.]+$")
    local object = "^e[w-z0-9+/_-]"
    if not header or not (header:find(object) and claims:find(object)) then
        return refused()
    end
    ngx.req.set_header("Authorization", "Bearer " .. token)
end`,
        ],
    });
}
