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
import type { Rule } from "../rule";

export const routeRequiresCredential: Rule = {
    name: "route-requires-credential",
    title: "Every route to Alpa requires a credential of a consumer of its namespace, and removes it before the request is forwarded.",
    reason: "Alpa does not authenticate: a route without authentication opens the model, and the GPUs behind it, to everyone. Alpa logs what it receives, and trusts caller names in headers.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: {
            kind: "ApisixRoute",
            spec: { http: [{ name: "open", match: { paths: ["/*"] }, upstreams: [{ name: "alpa-completions" }] }] },
        },
    },
    check: (resource) => {
        if (kindOf(resource) !== "ApisixRoute") return [];
        const { props } = resource;
        const namespace = at(props, "metadata.namespace");
        return [
            ...rulesOf(resource).flatMap((rule) => [
                ...authenticationOf(rule).flatMap(asks),
                ...(at(rule.props, "authentication.enable") === true
                    ? [
                          `${rule.where}.authentication: must not be set, since Alpa then receives the credential. Use the plugin multi-auth.`,
                      ]
                    : []),
                ...(isNowhere(rule) || hasUnknownPlugin(rule) ? [] : forwards(rule, namespace)),
            ]),
            ...(list(at(props, "spec.stream")).length > 0
                ? ["spec.stream: must be empty, since a stream cannot require a credential. Remove it."]
                : []),
        ];
    },
};

/** Settings of a plugin that authenticates. */
function asks({ where, name, config }: Plugin): string[] {
    const { hide_credentials, claims_to_verify } = config;
    const claims = list(claims_to_verify);
    return [
        ...(hide_credentials === true || isUnknown(hide_credentials)
            ? []
            : [`${where}.hide_credentials: must be true (got ${shown(hide_credentials)}). Set it.`]),
        ...(name !== "jwt-auth" || isUnknown(claims_to_verify) || claims.some((one) => one === "exp" || isUnknown(one))
            ? []
            : [
                  `${where}.claims_to_verify: must name exp (got ${shown(claims_to_verify)}): a token must expire. Add exp.`,
              ]),
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

function forwards(rule: RouteRule, namespace: unknown): string[] {
    const { where } = rule;
    const plugins = new Map(pluginsOf(rule).map((plugin) => [plugin.name, plugin]));
    const found = Object.entries(REQUIRED)
        .filter(([name]) => !plugins.has(name))
        .map(([name, what]) => `${where}.plugins: must have ${name}, which ${what}. Add it.`);
    if (authenticationOf(rule).length === 0)
        found.push(
            `${where}.plugins: must have a plugin that requires a credential (got ${[...plugins.keys()].join(", ") || "none"}). Add multi-auth with key-auth and jwt-auth.`,
        );
    const remove = at(plugins.get("proxy-rewrite")?.config, "headers.remove");
    const removed = list(remove).map((header) => String(header).toLowerCase());
    const left = LEAST_REMOVED.filter((header) => !removed.includes(header.toLowerCase()));
    if (remove !== UNKNOWN && left.length > 0)
        found.push(
            `${where}.plugins: must remove the headers ${left.join(", ")}. Add them to headers.remove of proxy-rewrite.`,
        );
    if (!isUnknown(namespace) && !rejectsOthers(plugins.get("fault-injection"), namespace))
        found.push(
            `${where}.plugins: must have fault-injection, which rejects every request or those of consumers of other namespaces. Add it.`,
        );
    return found;
}

/** Whether a plugin rejects every request, or every consumer whose name does not begin with the route's namespace. */
function rejectsOthers(plugin: Plugin | undefined, namespace: unknown): boolean {
    const { http_status: status, vars, percentage } = (at(plugin?.config, "abort") ?? {}) as Record<string, unknown>;
    if (isUnknown(status) || isUnknown(vars)) return true;
    if (!(Number(status) >= 400) || percentage !== undefined) return false;
    if (vars === undefined) return true;
    const [condition, ...more] = list(list(vars)[0]);
    const [name, not, how, pattern] = list(condition);
    return (
        list(vars).length === 1 &&
        more.length === 0 &&
        [name, not, how].join(" ") === "consumer_name ! ~~" &&
        (isUnknown(pattern) || textOf(pattern).startsWith(`^${textOf(namespace)}_`))
    );
}
