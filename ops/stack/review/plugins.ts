/** Judges changes of the plugins in a rule of a route. */
import { isDeepStrictEqual } from "node:util";
import { REVISION_HEADER } from "../../../components/alpa/paths";
import { NAME_CALLER } from "../../../components/route/name-caller";
import { authenticatorsIn, pluginsOf, rejectsWith } from "../../../policy/resources/routes";
import { at, isMap, map, type Tree } from "../../../policy/resources/values";
import { classVerdicts } from "./limits/classes";
import { changedFields } from "./differences";
import type { Code } from "./finding";
import type { Verdict } from "./rule";

/** Verdicts for a plugin that is added, removed, or gets other settings. */
const PLUGINS: Record<string, { comes: [Code, string]; goes: [Code, string]; changes: [Code, string] }> = {
    "multi-auth": auth(),
    "key-auth": auth(),
    "jwt-auth": auth(),
    "fault-injection": {
        comes: ["request-rejected", "the gateway answers some requests itself"],
        goes: [
            "authentication-removed",
            "requests that the gateway rejected itself now go to Alpa, including requests of consumers in other namespaces",
        ],
        changes: ["request-rejected", "the gateway itself answers a different set of requests"],
    },
    "request-validation": {
        comes: ["request-rejected", "the guard rejects requests that would crash Alpa"],
        goes: ["protection-weakened", "the guard is removed: one request can crash Alpa for all callers"],
        changes: ["guard-changed", "the guard accepts other requests than before"],
    },
    "client-control": {
        comes: ["request-rejected", "long bodies are rejected"],
        goes: ["protection-weakened", "bodies of any length are read"],
        changes: ["request-rejected", "the limit for the length of bodies changes"],
    },
    "response-rewrite": errors(),
    "serverless-post-function": errors(),
    "serverless-pre-function": {
        comes: ["request-rejected", "malformed tokens are rejected, and headers with an underscore do not reach Alpa"],
        goes: [
            "protection-weakened",
            "headers with an underscore are no longer removed before Alpa. A malformed token gets 500 instead of 401",
        ],
        changes: ["request-rejected", "a different set of requests is rejected before authentication"],
    },
    "request-id": {
        comes: ["changed-inside", "answers have a request id"],
        goes: ["errors-changed", "answers no longer have a request id"],
        changes: ["errors-changed", "answers have request ids of another form"],
    },
    prometheus: {
        comes: ["changed-inside", "requests are counted, by caller, route and status"],
        goes: ["changed-inside", "requests are no longer counted"],
        changes: ["changed-inside", "requests are counted differently"],
    },
    "proxy-rewrite": {
        comes: ["route-changed", "Alpa gets other headers or another path"],
        goes: ["protection-weakened", "Alpa gets callers' credentials, and headers that callers can forge"],
        changes: ["protection-weakened", "Alpa gets other headers or another path"],
    },
    redirect: {
        comes: [
            "access-changed",
            "callers that use HTTP are redirected to HTTPS, and most clients do not repeat a POST after a redirect",
        ],
        goes: ["protection-weakened", "callers may send keys over plain HTTP again"],
        changes: ["access-changed", "callers are redirected elsewhere"],
    },
};

function auth(): (typeof PLUGINS)[string] {
    return {
        comes: ["authentication-changed", "callers must authenticate"],
        // If the last method is removed, there is also a finding about the whole rule.
        goes: ["authentication-changed", "one authentication method is removed"],
        changes: ["authentication-changed", "callers authenticate differently"],
    };
}

function errors(): (typeof PLUGINS)[string] {
    return {
        comes: ["errors-changed", "errors get Alpa's format"],
        goes: ["errors-changed", "errors no longer have Alpa's format"],
        changes: ["errors-changed", "errors have another format"],
    };
}

const UNKNOWN_PLUGIN = { comes: "is added", goes: "is removed", changes: "gets other settings" };

/** @param title name of the rule for messages @param at path of the list */
export function pluginVerdicts(title: string, at: string, old: unknown, now: unknown): Verdict[] {
    const [before, after] = [byName(old), byName(now)];
    const verdicts = [...new Set([...before.keys(), ...after.keys()])].flatMap((name): Verdict[] => {
        const [from, to] = [before.get(name), after.get(name)];
        if (isDeepStrictEqual(from, to)) return [];
        const property = `${at}[${name}]`;
        const shares = name === "workflow" ? classVerdicts(title, property, from, to) : undefined;
        if (shares !== undefined) return shares;
        if (isDeepStrictEqual(withoutErrors(from), withoutErrors(to)))
            return [
                {
                    code: "errors-changed",
                    says: `${title}: errors have another format`,
                    ...narrowed(property, from, to),
                },
            ];
        if (isNamed(from) !== isNamed(to) && isDeepStrictEqual(withoutName(from), withoutName(to)))
            return [
                {
                    code: "changed-inside",
                    says: `${title}: the access log ${isNamed(to) ? "names" : "no longer names"} callers`,
                    property,
                },
            ];
        const event = from === undefined ? "comes" : to === undefined ? "goes" : "changes";
        const known = PLUGINS[name]?.[event];
        if (!known)
            return [
                {
                    code: "route-changed",
                    says: `${title}: plugin ${name} ${UNKNOWN_PLUGIN[event]}`,
                    property,
                    old: from,
                    new: to,
                },
            ];
        const [code, says] = known;
        return [
            {
                code,
                says: `${title}: ${says}`,
                ...narrowed(property, from, to),
                ...(name === "fault-injection" ? refusal(title, from, to) : finer(name, from, to)),
            },
        ];
    });
    // APISIX runs plugins by priority, so their order in the list has no effect.
    const order =
        isDeepStrictEqual([...before.keys()].sort(), [...after.keys()].sort()) &&
        !isDeepStrictEqual([...before.keys()], [...after.keys()]);
    return order && verdicts.length === 0
        ? [{ code: "changed-inside", says: `${title}: the same plugins, written in another order` }]
        : verdicts;
}

/** Judges a plugin that starts or stops rejecting every request, or rejects with another status. */
function refusal(title: string, old: Tree | undefined, now: Tree | undefined): Partial<Verdict> {
    const statusOf = (plugin: Tree | undefined) => {
        const rejects = rejectsWith(plugin?.config);
        return rejects && String(rejects.status);
    };
    const [was, is] = [statusOf(old), statusOf(now)];
    if (was === is) return {};
    if (was !== undefined && is !== undefined)
        return {
            code: "errors-changed",
            says: `${title}: every request is rejected with ${is} instead of ${was}`,
        };
    if (is !== undefined)
        return { code: "service-interrupted", says: `${title}: every request is rejected with ${is}` };
    if (now === undefined) return {};
    return { code: "access-added", says: `${title}: requests are no longer rejected with ${was}` };
}

/** Judges the settings whose changes need a different code or severity than the plugin's other settings. */
function finer(name: string, old: Tree | undefined, now: Tree | undefined): Partial<Verdict> {
    if (old === undefined || now === undefined) return {};
    if (/-auth$/.test(name) && filterOf(now) !== undefined && !isDeepStrictEqual(filterOf(old), filterOf(now)))
        return { code: "authentication-removed", severity: "breaks-callers" };
    if (PLUGINS[name].goes[0] === "protection-weakened" && !isDeepStrictEqual(filterOf(old), filterOf(now)))
        return { code: "protection-weakened" };
    if (/-auth$/.test(name) && hiding(old).some((one) => !hiding(now).includes(one)))
        return { code: "protection-weakened", severity: "breaks-callers" };
    if (name === "client-control" && bodyLimit(now) > bodyLimit(old)) return { code: "changed-inside" };
    // client-control runs before this plugin and has its own finding about the length of bodies.
    if (name === "request-validation" && isDeepStrictEqual(schemas(old), schemas(now)))
        return { code: "changed-inside" };
    return {};
}

const bodyLimit = (plugin: Tree) => Number(at(plugin, "config.max_body_size"));
/** Condition on the requests for which a plugin runs. */
const filterOf = (plugin: Tree) => at(plugin, "config._meta.filter");
const schemas = (plugin: Tree) => ["body_schema", "header_schema"].map((field) => at(plugin, `config.${field}`));
/** Whether a plugin passes the caller's name to the access log. */
const isNamed = (plugin: Tree | undefined) => at(plugin, "config._meta.pre_function") === NAME_CALLER;

/** Names of the authentication plugins that remove the credential from a request before Alpa gets it. */
const hiding = (plugin: Tree) =>
    pluginsOf({ where: "", props: { plugins: [plugin] } })
        .flatMap(authenticatorsIn)
        .filter(({ config }) => config.hide_credentials === true)
        .map(({ name }) => name);

function withoutName(plugin: Tree | undefined): unknown {
    const meta = at(plugin, "config._meta");
    if (!isMap(meta)) return plugin;
    const { pre_function: _, ...rest } = meta;
    return { ...plugin, config: { ...map(plugin?.config), _meta: rest } };
}

/** A plugin without the error messages that callers get. */
function withoutErrors(plugin: Tree | undefined): unknown {
    const { config } = plugin ?? {};
    if (!isMap(config)) return plugin;
    const { error_response: _, ...meta } = map(config._meta);
    const { body: __, headers: ___, ...abort } = map(config.abort);
    return { ...plugin, config: { ...config, _meta: meta, abort } };
}

/** Narrows the evidence to one setting that differs, because the settings of a whole plugin are too long to read. */
function narrowed(property: string, old: Tree | undefined, now: Tree | undefined) {
    const [from, to] = [old?.config, now?.config];
    if (!isMap(from) || !isMap(to)) return { property, old, new: now };
    const keys = changedFields(from, to);
    const key = keys.includes("_meta") && keys.length > 1 ? keys.find((one) => one !== "_meta")! : keys[0];
    return key === undefined
        ? { property, old, new: now }
        : { property: `${property}.config.${key}`, old: from[key], new: to[key] };
}

/** Removes the header with the digest of all rules. It changes whenever a rule changes, so it is not reported. */
function withoutRevision(plugin: Tree): Tree {
    const set = at(plugin, "config.headers.set");
    if (!isMap(set)) return plugin;
    const { [REVISION_HEADER]: _, ...rest } = set;
    const config = map(plugin.config);
    return { ...plugin, config: { ...config, headers: { ...map(config.headers), set: rest } } };
}

/** Plugins that APISIX runs. A plugin whose state is not known yet is treated as missing. */
const byName = (plugins: unknown) =>
    new Map(
        pluginsOf({ where: "", props: { plugins } }, "missing").map(({ name, entry }) => [
            name,
            withoutRevision(entry),
        ]),
    );
