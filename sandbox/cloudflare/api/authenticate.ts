/** Authentication of requests, and the rate limit of the API. */
import type { IncomingHttpHeaders } from "node:http";
import type { Account, ApiToken } from "../account";
import { ApiError, Unsupported } from "./answer";

const FORM = /^[0-9A-Za-z_-]{40,80}$/;
const WINDOW_SECONDS = 300;

export function authenticate(account: Account, headers: IncomingHttpHeaders): ApiToken {
    if (headers["x-auth-key"] ?? headers["x-auth-email"] ?? headers["x-auth-user-service-key"])
        throw new Unsupported("authentication with a key instead of an API token");
    const header = headers.authorization;
    if (header === undefined) throw new ApiError(401, { code: 10001, message: "Unable to authenticate request" });
    const value = /^Bearer (\S+)$/.exec(header)?.[1];
    const token = account.apiTokens.find((t) => t.value === value);
    if (token) return token;
    if (value === undefined || !FORM.test(value)) {
        const error_chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
        throw new ApiError(400, { code: 6003, message: "Invalid request headers", error_chain });
    }
    throw new ApiError(401, { code: 1000, message: "Invalid API Token" });
}

/**
 * Counts a request, and rejects it if the limit for five minutes is exceeded. All tokens of a user share one limit; each
 * account token has its own. @returns headers with the remaining number of requests
 */
export function takeFromQuota(account: Account, token: ApiToken): Record<string, string> {
    const now = account.now().getTime() / 1000;
    const whose = token.owner === "account" ? token.id : "user";
    const before = account.windows.get(whose);
    const window = before && now - before.since < WINDOW_SECONDS ? before : { since: now, used: 0 };
    account.windows.set(whose, window);
    const most = account.requestsPerFiveMinutes;
    const left = Math.ceil(window.since + WINDOW_SECONDS - now);
    const headers = {
        Ratelimit: `"default";r=${Math.max(most - window.used - 1, 0)};t=${left}`,
        "Ratelimit-Policy": `"default";q=${most};w=${WINDOW_SECONDS}`,
    };
    if (window.used >= most)
        throw new ApiError(
            429,
            { code: 971, message: "Please wait and consider throttling your request speed" },
            { ...headers, "Retry-After": String(left) },
        );
    window.used += 1;
    return headers;
}
