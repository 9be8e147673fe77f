import { pluginsIn, type Plugin } from "../../resources/routes";
import { kindOf, type Resource } from "../../resources/resource";
import { at, eachText, isUnknown, list, map, number } from "../../resources/values";
import type { Rule } from "../rule";

const LUA = ["phase", "functions"];
const COUNTED = ["policy", "redis_host", "redis_timeout", "allow_degradation"];
const REJECTED = ["key", "rejected_code", "rejected_msg"];
/** Allowed plugins, with the fields that each may have in addition to `_meta`. */
const ROUTES: Record<string, string[]> = {
    "client-control": ["max_body_size"],
    "fault-injection": ["abort"],
    "jwt-auth": ["header", "query", "cookie", "claims_to_verify", "hide_credentials"],
    "key-auth": ["header", "query", "hide_credentials"],
    "multi-auth": ["auth_plugins"],
    prometheus: ["prefer_name"],
    "proxy-rewrite": ["uri", "headers"],
    redirect: ["http_to_https"],
    "request-id": [],
    "request-validation": ["body_schema", "header_schema", "max_req_body_size"],
    "response-rewrite": ["vars", "filters", "headers"],
    "serverless-post-function": LUA,
    "serverless-pre-function": LUA,
    workflow: ["rules"],
};
const CONSUMERS: Record<string, string[]> = {
    "limit-conn": [...REJECTED, ...COUNTED, "burst", "conn", "default_conn_delay", "key_ttl"],
    "limit-count": [...REJECTED, ...COUNTED, "count", "group", "time_window"],
    "limit-req": [...REJECTED, ...COUNTED, "burst", "rate", "nodelay"],
};
/** `_meta` of any plugin. Rule scripts-listed checks `pre_function`. */
const META = ["error_response", "priority", "pre_function"];
/** Headers that the gateway may set in answers, and changes of the headers of requests. */
const HEADERS: Record<string, [path: string, allowed: string[]]> = {
    "fault-injection": ["abort.headers", ["Content-Type", "Retry-After"]],
    "proxy-rewrite": ["headers", ["remove"]],
    "response-rewrite": ["headers.set", ["Content-Type", "X-Alpa-Auth-Revision"]],
};
/** Variables of APISIX and nginx that contain a credential, a request, or a secret of the environment. */
const VARIABLES = /\$\{?\{?(http_|cookie_|arg_|args|request|env:|secret:|ENV)/;
/** Paths of Alpa. */
const PATHS = ["/completions", "/logprobs"];
/** Largest body that Alpa can get, in bytes, whatever the config says. */
const MOST_BYTES = 1_048_576;
const COUNTERS = /^alpa-auth-counters\.[a-z0-9-]+\.svc\.cluster\.local$/;

export const pluginsAllowed: Rule = {
    name: "plugins-allowed",
    title: `Routes and consumers have only plugins and plugin settings that this rule lists, and bodies are at most ${MOST_BYTES} bytes. Nothing applies to all routes.`,
    reason: "A plugin can forward, copy or redirect requests, run code, switch off another plugin, or admit callers without a credential.",
    check: (resource) => [
        ...global(resource),
        ...pluginsIn(resource).flatMap((plugin) => one(plugin, kindOf(resource) === "Consumer" ? CONSUMERS : ROUTES)),
    ],
};

/** Settings of a resource that apply plugins to other resources, or plugins from another resource. */
function global(resource: Resource): string[] {
    const { props } = resource;
    const kind = kindOf(resource);
    const proxy = kind === "GatewayProxy" ? ["spec.plugins", "spec.pluginMetadata"] : [];
    const route = list(at(props, "spec.http")).flatMap((_, i) => [`spec.http.${i}.plugin_config_name`]);
    return [...proxy.filter((path) => !isMetrics(path, at(props, path))), ...(kind === "ApisixRoute" ? route : [])]
        .filter((path) => ![undefined, null, ""].includes(at(props, path) as string))
        .map((path) => `${path}: must be unset, since it adds plugins to routes. Remove it.`);
}

/** The metadata of plugin prometheus, which only removes labels. */
const isMetrics = (path: string, value: unknown) =>
    path === "spec.pluginMetadata" && Object.keys(map(value)).every((name) => name === "prometheus");

function one({ where, name, config, entry }: Plugin, allowed: Record<string, string[]>): string[] {
    const fields = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (fields === undefined)
        return [`${where}: ${name} is not an allowed plugin here. Remove it; rule plugins-allowed lists them.`];
    const meta = name === "redirect" ? [...META, "filter"] : META;
    return [
        ...others(entry, ["name", "enable", "config"], where),
        ...others(config, [...fields, "_meta"], `${where}.config`),
        ...others(map(config._meta), meta, `${where}.config._meta`),
        ...headers(where, name, config),
        ...values(where, name, config),
    ];
}

function headers(where: string, name: string, config: Plugin["config"]): string[] {
    if (!Object.hasOwn(HEADERS, name)) return [];
    const [path, known] = HEADERS[name];
    const found = others(map(at(config, path)), known, `${where}.config.${path}`);
    return name === "response-rewrite"
        ? [...found, ...others(map(config.headers), ["set"], `${where}.config.headers`)]
        : found;
}

const others = (tree: object, allowed: string[], where: string) =>
    Object.keys(tree)
        .filter((field) => !allowed.includes(field))
        .map((field) => `${where}.${field}: is not an allowed field here. Remove it; rule plugins-allowed lists them.`);

function values(where: string, name: string, config: Plugin["config"]): string[] {
    const found: string[] = [];
    const must = (field: string, what: string) => found.push(`${where}.config.${field}: must be ${what}. Correct it.`);
    eachText(config, (text, path) => {
        if (VARIABLES.test(text) && !path.includes("functions"))
            found.push(
                `${where}.config.${path}: must contain no variable of a request or of the environment. Remove it.`,
            );
    });
    const { max_body_size, max_req_body_size, uri, redis_host } = config;
    for (const [field, size] of Object.entries({ max_body_size, max_req_body_size }))
        if (size !== undefined && !isUnknown(size) && !(number(size) > 0 && number(size) <= MOST_BYTES))
            must(field, `between 1 and ${MOST_BYTES} bytes`);
    if (name === "proxy-rewrite" && !isUnknown(uri) && !PATHS.includes(String(uri))) must("uri", PATHS.join(" or "));
    if (redis_host !== undefined && !isUnknown(redis_host) && !COUNTERS.test(String(redis_host)))
        must("redis_host", "the counter server of this stack");
    if (name === "workflow")
        for (const [i, rule] of list(config.rules).entries())
            for (const [j, action] of list(at(rule, "actions")).entries()) {
                const [limit, settings] = list(action);
                const entry = { name: limit, config: settings };
                const place = `${where}.config.rules[${i}].actions[${j}]`;
                found.push(...one({ where: place, name: String(limit), config: map(settings), entry }, CONSUMERS));
            }
    return found;
}
