import { kindOf } from "../../resources/resource";
import { at, isUnknown, list, shown, textOf, UNKNOWN } from "../../resources/values";
import {
    authenticationOf,
    hasUnknownPlugin,
    isNowhere,
    pluginsOf,
    rulesOf,
    type Plugin,
    type RouteRule,
} from "../../resources/routes";
import { when, type Message, type Rule } from "../rule";

export const routeRequiresCredential: Rule = {
    name: "route-requires-credential",
    title: "Every route to Alpa requires a credential of a consumer of its namespace, and removes it before the request is forwarded.",
    reason: "Alpa does not authenticate: a route without authentication opens the model, and the GPUs behind it, to everyone. Alpa logs what it receives, and trusts caller names in headers.",
    check: (resource) => {
        const { props } = resource;
        const namespace = at(props, "metadata.namespace");
        const isStream = kindOf(resource) === "ApisixRoute" && list(at(props, "spec.stream")).length > 0;
        return [
            ...rulesOf(resource).flatMap((rule) => [
                ...authenticationOf(rule).flatMap(asks),
                ...when(
                    at(rule.props, "authentication.enable") === true,
                    `${rule.where}.authentication: must not be set, since Alpa then receives the credential. Use the plugin multi-auth.`,
                ),
                ...(isNowhere(rule) || hasUnknownPlugin(rule) ? [] : forwards(rule, namespace)),
            ]),
            ...when(isStream, "spec.stream: must be empty, since a stream cannot require a credential. Remove it."),
        ];
    },
};

/** Settings of a plugin that authenticates. */
function asks({ where, name, config }: Plugin): Message[] {
    const { hide_credentials: hidden, claims_to_verify: claims } = config;
    const isEndless = !isUnknown(claims) && !list(claims).some((one) => one === "exp" || isUnknown(one));
    return [
        ...when(
            hidden !== true && !isUnknown(hidden),
            `${where}.hide_credentials: must be true (got ${shown(hidden)}). Set it.`,
        ),
        ...when(
            name === "jwt-auth" && isEndless,
            `${where}.claims_to_verify: must name exp (got ${shown(claims)}): a token must expire. Add exp.`,
        ),
    ];
}

/** Plugins of every rule that forwards requests, and what each is for. */
const REQUIRED: Record<string, string> = {
    "serverless-pre-function": "removes headers that Alpa reads as others",
    "client-control": "limits the size of a body",
    "proxy-rewrite": "removes credentials",
};
/** Headers that a rule must remove at least: secrets of every authentication method, and names that only the gateway may set. */
const LEAST_REMOVED = [
    ...["apikey", "Authorization", "CF-Access-Client-Id", "CF-Access-Client-Secret"],
    ...["X-Consumer-Username", "X-Credential-Identifier", "X-Consumer-Custom-ID"],
];

function forwards(rule: RouteRule, namespace: unknown): Message[] {
    const where = `${rule.where}.plugins`;
    const plugins = new Map(pluginsOf(rule).map((plugin) => [plugin.name, plugin]));
    const remove = at(plugins.get("proxy-rewrite")?.config, "headers.remove");
    const removed = list(remove).map((header) => String(header).toLowerCase());
    const left = LEAST_REMOVED.filter((header) => !removed.includes(header.toLowerCase()));
    return [
        ...Object.entries(REQUIRED)
            .filter(([name]) => !plugins.has(name))
            .map(([name, what]) => `${where}: must have ${name}, which ${what}. Add it.`),
        ...when(
            authenticationOf(rule).length === 0,
            `${where}: must have a plugin that requires a credential (got ${[...plugins.keys()].join(", ") || "none"}). Add multi-auth with key-auth and jwt-auth.`,
        ),
        ...when(
            remove !== UNKNOWN && left.length > 0,
            `${where}: must remove the headers ${left.join(", ")}. Add them to headers.remove of proxy-rewrite.`,
        ),
        ...when(
            !isUnknown(namespace) && !rejectsOthers(plugins.get("fault-injection"), namespace),
            `${where}: must have fault-injection, which rejects every request or those of consumers of other namespaces. Add it.`,
        ),
    ];
}

/** Whether a plugin rejects every request, or every consumer whose name does not begin with the route's namespace. */
function rejectsOthers(plugin: Plugin | undefined, namespace: unknown): boolean {
    const { http_status: status, vars, percentage } = (at(plugin?.config, "abort") ?? {}) as Record<string, unknown>;
    if ([at(plugin?.config, "abort"), status, vars, percentage, list(vars)[0]].some(isUnknown)) return true;
    if (!(Number(status) >= 400) || percentage !== undefined) return false;
    if (vars === undefined) return true;
    const [condition, ...more] = list(list(vars)[0]);
    const [name, not, how, pattern] = list(condition);
    if ([condition, name, not, how].some(isUnknown)) return true;
    return (
        list(vars).length === 1 &&
        more.length === 0 &&
        [name, not, how].join(" ") === "consumer_name ! ~~" &&
        (isUnknown(pattern) || textOf(pattern).startsWith(`^${textOf(namespace)}_`))
    );
}
