/**
 * The access log of APISIX: one JSON object for each request of a caller. The object has no header, path, query string or
 * body of the request, since each of these can contain a key or a prompt.
 *
 * nginx has no variable for the consumer of APISIX, and `$http_x_consumer_username` is empty when nginx writes the line,
 * since the route removes that header from requests to Alpa. So the server block of nginx declares two variables, and a
 * function of the route sets them (`nameCaller` in components/route/name-caller.ts).
 */

/** Variables of nginx that the route sets. */
export const CONSUMER_VARIABLE = "alpa_consumer";
export const CREDENTIAL_VARIABLE = "alpa_credential";

/** Name of each field, its nginx variable, and whether it is a number, which is logged without quotes. */
const FIELDS: [name: string, variable: string, kind?: "number"][] = [
    ["time", "time_iso8601"],
    ["request_id", "alpa_request_id"],
    ["consumer", CONSUMER_VARIABLE],
    ["credential", CREDENTIAL_VARIABLE],
    ["route", "alpa_route"],
    ["status", "status", "number"],
    ["reason", "alpa_reason"],
    ["request_time", "request_time", "number"],
    // One time for each attempt to forward the request, for example `0.001, 2.310`. Empty if it was not forwarded to Alpa.
    ["upstream_time", "upstream_response_time"],
    ["bytes_received", "request_length", "number"],
    ["bytes_sent", "bytes_sent", "number"],
    ["client", "remote_addr"],
];

/** Format of a line. It must not contain a single quote, because nginx's settings have it in single quotes. */
export const ACCESS_LOG_FORMAT = `{${FIELDS.map(([name, variable, kind]) =>
    kind === "number" ? `"${name}":$${variable}` : `"${name}":"$${variable}"`,
).join(",")}}`;

/**
 * Logs a request id only if it is a UUID, as the gateway generates it: callers may send any text as request id, even a
 * key.
 */
const REQUEST_ID = `map $http_x_request_id $alpa_request_id {
    "~^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" $http_x_request_id;
    default "";
}`;

/**
 * Logs the name of a route and not the path, because a path may contain any text, even a key. `$uri` has no prefix if the
 * plugin `proxy-rewrite` has already removed it (ngx.req.set_uri in plugins/proxy-rewrite.lua, 3.18.0). The gateway
 * answers 404 to a path without a rule.
 */
const ROUTE = `map "$status:$upstream_status:$uri" $alpa_route {
    "~^404::" other;
    "~^[0-9]+:[-0-9,: ]*:(/[^/]+)?/completions$" completions;
    "~^[0-9]+:[-0-9,: ]*:(/[^/]+)?/logprobs$" logprobs;
    "~^[0-9]+:[-0-9,: ]*:/[^/]+/$" service;
    default other;
}`;

/**
 * Why the gateway did not forward a request, or why Alpa did not answer it. The keys of the map contain the gateway's status,
 * Alpa's status, and the number of requests that the caller's limit still allows. A 429 without this number comes from the
 * limit on open requests.
 */
const REASON = `map "$status:$upstream_status:$sent_http_x_ratelimit_remaining" $alpa_reason {
    "~^400::" request-not-accepted;
    "~^401::" not-authenticated;
    "~^403::" not-a-consumer-of-this-stack;
    "~^404::" no-such-path;
    "~^413::" body-too-large;
    "~^429::0" too-many-requests;
    "~^429::" too-many-open-requests;
    "~^499:" caller-left;
    "~^500::" gateway-failed;
    "~^502:" alpa-unreachable;
    "~^503::" not-serving;
    "~^504:" alpa-too-slow;
    default "";
}`;

/** Longest atomic write to a pipe (PIPE_BUF): nginx writes whole lines up to this size, so lines of two workers do not mix. */
const BUFFER_BYTES = 4096;

/** Parts of `nginx_config` in APISIX's settings file. */
export function accessLogSettings() {
    return {
        http: {
            access_log: "/dev/stdout",
            access_log_buffer: BUFFER_BYTES,
            access_log_format: ACCESS_LOG_FORMAT,
            access_log_format_escape: "json",
        },
        http_configuration_snippet: [REQUEST_ID, ROUTE, REASON].join("\n"),
        http_server_configuration_snippet: [CONSUMER_VARIABLE, CREDENTIAL_VARIABLE]
            .map((variable) => `set $${variable} "";`)
            .join("\n"),
        // At level `warn`, APISIX would log the request line of each rejected request (`run_plugin` in plugin.lua,
        // 3.18.0). Its query string may contain a key that a caller has sent there by mistake.
        error_log_level: "error",
        // Requests to the Admin API are not logged, because the ingress controller sends several every minute.
        http_admin_configuration_snippet: "access_log off;",
    };
}
