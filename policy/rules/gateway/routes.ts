import { pluginsIn, type Plugin } from "../../resources/plugins";
import { allAt, at, list, map, mapsOf, number, shown, textOf, UNKNOWN, type Tree } from "../../resources/values";
import type { Message, Rule } from "../rule";

export const routeRequiresCredential: Rule = {
    name: "route-requires-credential",
    title: "Every route to Alpa requires a credential of a consumer of its namespace, and removes it before the request is forwarded.",
    reason: "Alpa does not authenticate: a route without authentication opens the model, and the GPUs behind it, to everyone. Alpa logs what it receives, and trusts caller names in headers.",
    *check(resource) {
        for (const plugin of pluginsIn(resource)) if (METHODS.includes(plugin.name)) yield* asks(plugin);
        for (const [where, rule] of allAt(resource.props, "spec.http[]")) {
            const names = allAt(rule, "upstreams[].name").map(([, name]) => name);
            // The gateway answers requests for alpa-nowhere itself.
            const isAnswered = names.length > 0 && names.every((name) => name === "alpa-nowhere" || name === UNKNOWN);
            if (!isAnswered && at(rule, "upstreams") !== UNKNOWN)
                yield* forwards(`${where}.plugins`, map(rule), at(resource.props, "metadata.namespace"));
        }
    },
};

/** Plugins that require a credential, and can hide it from the upstream. */
const METHODS = ["key-auth", "jwt-auth"];

function* asks({ place, name, config }: Plugin): Generator<Message> {
    const { hide_credentials: hidden, claims_to_verify: claims } = config;
    if (hidden !== true) yield `${place}.hide_credentials: must be true (got ${shown(hidden)}). Set it.`;
    if (name === "jwt-auth" && !list(claims).includes("exp"))
        yield `${place}.claims_to_verify: must name exp (got ${shown(claims)}): a token must expire. Add exp.`;
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

function* forwards(where: string, rule: Tree, namespace: unknown): Generator<Message> {
    // A plugin without `enable` is enabled. If several have the same name, the last one applies.
    const enabled = mapsOf(rule.plugins).filter(({ enable }) => (enable ?? true) === true);
    const plugins = new Map(enabled.map(({ name, config }) => [name, config]));
    for (const [name, what] of Object.entries(REQUIRED))
        if (!plugins.has(name)) yield `${where}: must have ${name}, which ${what}. Add it.`;
    const inside = list(at(plugins.get("multi-auth"), "auth_plugins")).flatMap((one) => Object.keys(map(one)));
    if (!METHODS.some((name) => plugins.has(name) || inside.includes(name)))
        yield `${where}: must have a plugin that requires a credential (got ${[...plugins.keys()].join(", ") || "none"}). Add multi-auth with key-auth and jwt-auth.`;
    const { remove, set } = map(at(plugins.get("proxy-rewrite"), "headers"));
    // A header that is set replaces the caller's.
    const removed = [...list(remove), ...Object.keys(map(set))].map((one) => String(one).toLowerCase());
    const left = LEAST_REMOVED.filter((header) => !removed.includes(header.toLowerCase()));
    if (left.length > 0)
        yield `${where}: must remove the headers ${left.join(", ")}. Add them to headers.remove of proxy-rewrite.`;
    if (namespace !== UNKNOWN && !rejectsOthers(map(at(plugins.get("fault-injection"), "abort")), textOf(namespace)))
        yield `${where}: must have fault-injection, which rejects every request or those of consumers of other namespaces. Add it.`;
}

/** Whether every request is rejected, or every consumer whose name does not begin with the route's namespace. */
function rejectsOthers({ http_status: status, vars }: Tree, namespace: string): boolean {
    const pattern = textOf(at(vars, "0.0.3"));
    const isOthers =
        /^\^[\w-]+\$?$/.test(pattern) &&
        pattern.startsWith(`^${namespace}_`) &&
        shown(vars) === shown([[["consumer_name", "!", "~~", pattern]]]);
    return number(status) >= 400 && (vars === undefined || isOthers);
}
