import { pluginAt, type Plugin } from "../../resources/plugins";
import { allAt, at, map, number, otherPaths, textsIn } from "../../resources/values";
import type { Message } from "../rule";

const LUA = "phase functions";
const LIMITS = "rejected_code rejected_msg policy redis_host redis_timeout allow_degradation";
const REJECTS = `key ${LIMITS}`;
/** Allowed plugins of routes, with their allowed settings. */
const ROUTES: Record<string, string> = {
    "client-control": "max_body_size",
    "fault-injection": "abort.body abort.http_status abort.vars abort.headers.Content-Type abort.headers.Retry-After",
    "jwt-auth": "header query cookie claims_to_verify hide_credentials",
    "key-auth": "header query hide_credentials",
    "multi-auth": "auth_plugins",
    prometheus: "prefer_name",
    "proxy-rewrite": "uri headers.remove headers.set.Authorization",
    redirect: "http_to_https _meta.filter",
    "request-id": "",
    "request-validation": "body_schema header_schema max_req_body_size",
    "response-rewrite": "vars filters headers.set.Content-Type headers.set.X-Alpa-Auth-Revision",
    "serverless-post-function": `${LUA} max_tokens models`,
    "serverless-pre-function": LUA,
    workflow: "rules",
};
/** Those of consumers, and of the actions of workflow. */
const CONSUMERS: Record<string, string> = {
    "ai-rate-limiting": `${LIMITS} limit limit_strategy time_window`,
    "limit-conn": `${REJECTS} burst conn default_conn_delay key_ttl`,
    "limit-count": `${REJECTS} count group time_window`,
    "limit-req": `${REJECTS} burst rate nodelay`,
    return: "code",
};
/** Settings of any plugin. Rule scripts-listed checks `pre_function`. */
const META = "_meta.error_response _meta.priority _meta.pre_function";
/** Variables of APISIX and nginx that contain a credential, a request, or a secret of the environment. */
const VARIABLES = /\$\{?\{?(http_|cookie_|arg_|args|request|env:|secret:|ENV)/;
/** Reference to the variable of the gateway's pods with the key of an OpenAI-compatible server. */
const SERVER_KEY = "$env://ALPA_AUTH_SERVER_KEY";
/** Largest body that the guard lets through to Alpa, and that any server can get, in bytes, whatever the config says. */
const MOST_BYTES = { ofGuard: 1_048_576, ofAny: 104_857_600 };
const isSize = (most: number) => (size: unknown) => number(size) > 0 && number(size) <= most;
/** Paths of Alpa, and of an OpenAI-compatible server. */
const PATHS = ["/completions", "/logprobs", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"];
const COUNTERS = /^alpa-auth-counters\.[a-z0-9-]+\.svc\.cluster\.local$/;
/** Settings of which only some values are allowed. */
const VALUES: [setting: string, isAllowed: (value: unknown) => boolean, must: string][] = [
    ["max_body_size", isSize(MOST_BYTES.ofAny), `between 1 and ${MOST_BYTES.ofAny} bytes`],
    ["max_req_body_size", isSize(MOST_BYTES.ofGuard), `between 1 and ${MOST_BYTES.ofGuard} bytes`],
    ["uri", (uri) => PATHS.includes(String(uri)), "a path of the server"],
    ["code", (code) => code === 400 || code === 403, "400 or 403"],
    ["redis_host", (host) => COUNTERS.test(String(host)), "the counter server of this stack"],
];

/** Violations of a plugin. @param kind kind of the object that has the plugin */
export function* checkPlugin({ where, place, name, config, rest }: Plugin, kind: string): Generator<Message> {
    const allowed = kind === "Consumer" ? CONSUMERS : ROUTES;
    if (!Object.hasOwn(allowed, name))
        return yield `${where}: ${name} is not an allowed plugin here. Remove it; rule fields-allowed lists them.`;
    const settings = [...otherPaths(config, `${allowed[name]} ${META}`.trim().split(" "))];
    const fields = [...otherPaths(rest, ["enable"])];
    for (const path of [...settings.map((one) => `${place}.${one}`), ...fields.map((one) => `${where}.${one}`)])
        yield `${path}: is not an allowed field here. Remove it; rule fields-allowed lists them.`;
    const { Authorization: sent = SERVER_KEY } = map(at(config, "headers.set"));
    if (sent !== SERVER_KEY) yield `${place}.headers.set.Authorization: must be ${SERVER_KEY}. Correct it.`;
    for (const [path, text] of textsIn(config))
        if (VARIABLES.test(text) && !path.includes("functions") && text !== SERVER_KEY)
            yield `${place}.${path}: must contain no variable of a request or of the environment. Remove it.`;
    for (const [setting, isAllowed, must] of VALUES)
        if ((setting in config || `${name} ${setting}` === "proxy-rewrite uri") && !isAllowed(config[setting]))
            yield `${place}.${setting}: must be ${must}. Correct it.`;
    for (const [path, action] of name === "workflow" ? allAt(config, "rules[].actions[]") : []) {
        const limit = { name: at(action, "0"), config: at(action, "1") };
        yield* checkPlugin(pluginAt(`${place}.${path}`, limit), "Consumer");
    }
}
