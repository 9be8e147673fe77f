/** An APISIX plugin as the ingress controller takes it on a route. */
export interface RoutePlugin {
    name: string;
    enable: true;
    config: Record<string, unknown>;
}

/** An error as Alpa's client reads it: without `stacktrace` it fails on the error itself. */
export function alpaError(message: string) {
    return { type: "error", message, stacktrace: "" };
}

/**
 * Headers that never reach Alpa: secrets of every way in, names of the caller, and its own account of where it
 * comes from. Alpa logs the first address of X-Forwarded-For; removed here, it is the address the gateway saw.
 */
const REMOVED_HEADERS = [
    "apikey",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "CF-Access-Client-Id",
    "CF-Access-Client-Secret",
    "CF-Access-Jwt-Assertion",
    "CF-Access-Token",
    "Cf-Access-Authenticated-User-Email",
    "X-API-KEY",
    "X-Access-Token",
    "Forwarded",
    "X-Forwarded-For",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Consumer-Custom-ID",
];

/** No request carries an argument of this name, so key-auth looks at the header only. */
const NO_QUERY_ARGUMENT = "never-in-the-query";

/** Behind authentication (2600 to 2500), before limits (1003, 1002): strangers learn nothing and use no quota. */
const AFTER_AUTH = 2380;

/** Who is asking. Callers of every route pass here. */
function authentication(): RoutePlugin[] {
    return [
        plugin("request-id", {}),
        plugin("key-auth", { header: "apikey", query: NO_QUERY_ARGUMENT, hide_credentials: true }),
    ];
}

/**
 * What happens to a request for one of Alpa's two paths.
 * @param path Alpa's own path; fixed, so that no spelling of the caller's reaches another one
 * @param namespace namespace of the declared consumers; a consumer of another one may share this gateway
 */
export function alpaChain(path: "/completions" | "/logprobs", namespace: string): RoutePlugin[] {
    return [
        ...authentication(),
        plugin("fault-injection", {
            abort: abort(403, "this consumer may not use Alpa", [[["consumer_name", "!", "~~", `^${namespace}_`]]]),
            _meta: { priority: AFTER_AUTH },
        }),
        plugin("proxy-rewrite", { uri: path, headers: { remove: REMOVED_HEADERS } }),
        shapeErrors(),
    ];
}

/** Refuses a request with a query string: Alpa reads none, and a secret in it would end in Alpa's log. */
export function queryStringChain(): RoutePlugin[] {
    return [
        ...authentication(),
        plugin("fault-injection", {
            abort: abort(400, "no query string is accepted: send credentials in headers, and the rest as JSON"),
            _meta: { priority: AFTER_AUTH },
        }),
        shapeErrors(),
    ];
}

/** Closes everything that is no route of ours. */
export function closedChain(prefix: string): RoutePlugin[] {
    return [
        plugin("fault-injection", {
            abort: abort(404, `not found: the service answers POST ${prefix}/completions and POST ${prefix}/logprobs`),
        }),
        shapeErrors(),
    ];
}

/**
 * Makes what the gateway refuses look like an error of Alpa's: the pages of nginx, and the two shapes plugins use.
 * Alpa's own errors match neither pattern and keep their bytes.
 */
function shapeErrors(): RoutePlugin {
    const shape = '{"type":"error","message":"$1","stacktrace":""}';
    return plugin("response-rewrite", {
        vars: [["status", ">=", 400]],
        headers: { set: { "Content-Type": "application/json" } },
        filters: [
            {
                regex: '^\\s*<html>\\s*<head><title>([^<"\\\\]*)</title>.*$',
                options: "jos",
                scope: "once",
                replace: shape,
            },
            {
                regex: '^\\{"(?:message|error_msg)":"((?:[^"\\\\]|\\\\.)*)"\\}\\s*$',
                options: "jo",
                scope: "once",
                replace: shape,
            },
        ],
    });
}

function abort(status: number, message: string, vars?: unknown[]) {
    return {
        http_status: status,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(alpaError(message)),
        ...(vars ? { vars } : {}),
    };
}

function plugin(name: string, config: Record<string, unknown>): RoutePlugin {
    return { name, enable: true, config };
}
