/**
 * The access log of APISIX: one JSON object for each request of a caller. The object has no header, path, query string or
 * body of the request, since each of these can contain a key or a prompt.
 *
 * nginx has no variable for the consumer of APISIX, and `$http_x_consumer_username` is empty when nginx writes the line,
 * since the route removes that header from requests to Alpa. So the server block of nginx declares two variables, and a
 * function of the route sets them (`nameCaller` in components/route/name-caller.ts).
 */

import { ALPA_PATHS } from "../alpa/paths";
import { TOKEN_COUNTER } from "./open-requests";

/** Variables of nginx that the route sets. */
export const CONSUMER_VARIABLE = "alpa_consumer";
export const CREDENTIAL_VARIABLE = "alpa_credential";

type Field = [name: string, variable: string, kind?: "number"];

/** Name of each field, its nginx variable, and whether it is a number, which is logged without quotes. */
const FIELDS: Field[] = [
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

/** The fields of tokens. */
const TOKEN_FIELDS: Field[] = [
    ["model", "llm_model"],
    ["prompt_tokens", "alpa_prompt_tokens", "number"],
    ["completion_tokens", "alpa_completion_tokens", "number"],
    ["tokens", "alpa_tokens"],
];

/** Format of a line. It must not contain a single quote, because nginx's settings have it in single quotes. */
const formatOf = (fields: Field[]) =>
    `{${fields
        .map(([name, variable, kind]) => (kind === "number" ? `"${name}":$${variable}` : `"${name}":"$${variable}"`))
        .join(",")}}`;

export const ACCESS_LOG_FORMAT = formatOf(FIELDS);

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
const ROUTE = [
    'map "$status:$upstream_status:$uri" $alpa_route {',
    '    "~^404::" other;',
    ...ALPA_PATHS.map((path) => `    "~^[0-9]+:[-0-9,: ]*:(/[^/]+)?/${path}$" ${path};`),
    '    "~^[0-9]+:[-0-9,: ]*:/[^/]+/$" service;',
    "    default other;",
    "}",
].join("\n");

/**
 * Why the gateway did not forward a request, or why the server did not answer it. The keys of the map contain the gateway's
 * status, the server's status, and the number of requests that the caller's limit still allows; with budgets also the number
 * of tokens. A 429 without these numbers comes from the limit on open requests.
 */
function reasons(tokens: boolean): string {
    const [server, forbidden] = tokens ? ["server", "not-permitted"] : ["alpa", "not-a-consumer-of-this-stack"];
    const budget = tokens ? `:$sent_http_x_ai_ratelimit_remaining_${TOKEN_COUNTER}` : "";
    const overBudget = tokens ? `"~^429:::0$" too-many-tokens;\n    ` : "";
    return `map "$status:$upstream_status:$sent_http_x_ratelimit_remaining${budget}" $alpa_reason {
    "~^400::" request-not-accepted;
    "~^401::" not-authenticated;
    "~^403::" ${forbidden};
    "~^404::" no-such-path;
    "~^413::" body-too-large;
    "~^429::0" too-many-requests;
    ${overBudget}"~^429::" too-many-open-requests;
    "~^499:" caller-left;
    "~^500::" gateway-failed;
    "~^502:" ${server}-unreachable;
    "~^503::" not-serving;
    "~^504:" ${server}-too-slow;
    default "";
}`;
}

/** The same for an OpenAI-compatible server. */
const OPENAI_ROUTE = `map "$status:$upstream_status:$uri" $alpa_route {
    "~^404::" other;
    "~:/v1/chat/completions$" chat-completions;
    "~:/v1/completions$" completions;
    "~:/v1/embeddings$" embeddings;
    "~:/v1/models(/|$)" models;
    default other;
}`;

/** Numbers of tokens. Without them the log has null, and not nginx's 0. `tokens` names an answer that was not counted. */
const TOKENS = [
    ...["prompt", "completion"].map(
        (kind) => `map $request_type $alpa_${kind}_tokens {
    "~^ai_(chat|stream)$" $llm_${kind}_tokens;
    default null;
}`,
    ),
    `map $request_type $alpa_tokens {
    "~^ai_(chat|stream)$" counted;
    ai_uncounted uncounted;
    default "";
}`,
];

/** Longest atomic write to a pipe (PIPE_BUF): nginx writes whole lines up to this size, so lines of two workers do not mix. */
const BUFFER_BYTES = 4096;

/**
 * Parts of `nginx_config` in APISIX's settings file.
 * @param tokens whether the routes count tokens, as those of an OpenAI-compatible server do
 */
export function accessLogSettings({ tokens = false } = {}) {
    const maps = tokens ? [OPENAI_ROUTE, ...TOKENS] : [ROUTE];
    return {
        http: {
            access_log: "/dev/stdout",
            access_log_buffer: BUFFER_BYTES,
            access_log_format: tokens ? formatOf([...FIELDS, ...TOKEN_FIELDS]) : ACCESS_LOG_FORMAT,
            access_log_format_escape: "json",
        },
        http_configuration_snippet: [REQUEST_ID, ...maps, reasons(tokens)].join("\n"),
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
