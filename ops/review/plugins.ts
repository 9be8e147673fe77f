/** Changes of the plugins of a route's rule: authentication, rejected requests, and changes of requests and answers. */
import { isDeepStrictEqual } from "node:util";
import { REVISION_HEADER } from "../../components/alpa/paths";
import { classVerdicts } from "./limits/classes";
import { NAME_CALLER } from "../../components/route/name-caller";
import { isMap, mapsOf, type Props } from "./differences";
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
            "requests that the gateway rejected itself now go to Alpa, including those of callers of other namespaces",
        ],
        changes: ["request-rejected", "the gateway answers other requests itself"],
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
        goes: ["protection-weakened", "Alpa gets headers with an underscore, and a malformed token is an error 500"],
        changes: ["request-rejected", "other requests are rejected before authentication"],
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
            "callers that use HTTP are redirected to HTTPS, and most clients do not repeat a POST there",
        ],
        goes: ["protection-weakened", "keys may be sent by HTTP again"],
        changes: ["access-changed", "callers are redirected elsewhere"],
    },
};

function auth(): (typeof PLUGINS)[string] {
    return {
        comes: ["authentication-changed", "callers must authenticate"],
        // The finding of the rule reports that authentication is removed.
        goes: ["authentication-changed", "one authentication method is removed"],
        changes: ["authentication-changed", "callers authenticate differently"],
    };
}

function errors(): (typeof PLUGINS)[string] {
    return {
        comes: ["errors-changed", "the gateway changes answers"],
        goes: ["errors-changed", "errors no longer have Alpa's format"],
        changes: ["errors-changed", "errors have another format"],
    };
}

const UNKNOWN_PLUGIN = { comes: "is new", goes: "goes", changes: "changes its settings" };

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

/** Verdict about a plugin that starts or stops rejecting every request, which is more severe than rejecting some. */
function refusal(title: string, old: Props | undefined, now: Props | undefined): Partial<Verdict> {
    const [was, is] = [refusesAll(old), refusesAll(now)];
    if (was === is) return {};
    if (was !== undefined && is !== undefined)
        return { code: "errors-changed", says: `${title}: every request is rejected with ${is} instead of ${was}` };
    if (is !== undefined)
        return { code: "service-interrupted", says: `${title}: every request is rejected with ${is}` };
    if (now === undefined) return {};
    return { code: "access-added", says: `${title}: requests are no longer rejected with ${was}` };
}

/** The status that every request gets. */
function refusesAll(plugin: Props | undefined): string | undefined {
    const { abort, _meta: meta } = isMap(plugin?.config) ? plugin.config : {};
    if (!isMap(abort) || abort.vars !== undefined || abort.percentage !== undefined) return undefined;
    return isMap(meta) && meta.filter !== undefined ? undefined : String(abort.http_status);
}

/** Verdicts for settings with another severity than the plugin's other settings. */
function finer(name: string, old: Props | undefined, now: Props | undefined): Partial<Verdict> {
    if (old === undefined || now === undefined) return {};
    if (/-auth$/.test(name) && filterOf(now) !== undefined && !isDeepStrictEqual(filterOf(old), filterOf(now)))
        return { code: "authentication-removed", severity: "breaks-callers" };
    if (PLUGINS[name].goes[0] === "protection-weakened" && !isDeepStrictEqual(filterOf(old), filterOf(now)))
        return { code: "protection-weakened" };
    if (/-auth$/.test(name) && hiding(old).some((one) => !hiding(now).includes(one)))
        return { code: "protection-weakened", severity: "breaks-callers" };
    if (name === "client-control" && bodyLimit(now) > bodyLimit(old)) return { code: "changed-inside" };
    // client-control runs before this plugin and has its own finding about the length.
    if (name === "request-validation" && isDeepStrictEqual(schemas(old), schemas(now)))
        return { code: "changed-inside" };
    return {};
}

function bodyLimit({ config }: Props): number {
    return isMap(config) ? Number(config.max_body_size) : NaN;
}

/** Names of plugins in this entry that remove the credential before a request goes to Alpa. */
function hiding({ name, config }: Props): string[] {
    const { hide_credentials: itself, auth_plugins: inside } = isMap(config) ? config : {};
    const parts = mapsOf(inside).flatMap((part) =>
        Object.entries(part).flatMap(([one, settings]) => hiding({ name: one, config: settings })),
    );
    return [...(itself === true ? [String(name)] : []), ...parts];
}

/** Whether a plugin passes the caller's name to the access log. */
function isNamed(plugin: Props | undefined): boolean {
    const meta = isMap(plugin?.config) ? plugin.config._meta : undefined;
    return isMap(meta) && meta.pre_function === NAME_CALLER;
}

function withoutName(plugin: Props | undefined): unknown {
    const { config } = plugin ?? {};
    if (!isMap(config) || !isMap(config._meta)) return plugin;
    const { pre_function: _, ...meta } = config._meta;
    return { ...plugin, config: { ...config, _meta: meta } };
}

/** A plugin without the error messages that callers get. */
function withoutErrors(plugin: Props | undefined): unknown {
    const { config } = plugin ?? {};
    if (!isMap(config)) return plugin;
    const { error_response: _, ...meta } = isMap(config._meta) ? config._meta : {};
    const { body: __, headers: ___, ...abort } = isMap(config.abort) ? config.abort : {};
    return { ...plugin, config: { ...config, _meta: meta, abort } };
}

/** Whether APISIX runs a plugin. A disabled plugin counts as missing, and so does one whose state is not known yet. */
export function isOn({ enable = true, config }: Props): boolean {
    const { disable = false } = isMap(config) && isMap(config._meta) ? config._meta : {};
    return enable === true && disable === false;
}

/** The only requests for which a plugin runs. */
function filterOf({ config }: Props): unknown {
    return isMap(config) && isMap(config._meta) ? config._meta.filter : undefined;
}

function schemas({ config }: Props): unknown {
    return isMap(config) ? [config.body_schema, config.header_schema] : undefined;
}

/** The only setting that differs, if it is a single one: a whole guard is too long to read. */
function narrowed(property: string, old: Props | undefined, now: Props | undefined) {
    const [from, to] = [old?.config, now?.config];
    if (!isMap(from) || !isMap(to)) return { property, old, new: now };
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
        (key) => !isDeepStrictEqual(from[key], to[key]),
    );
    const key = keys.includes("_meta") && keys.length > 1 ? keys.find((one) => one !== "_meta")! : keys[0];
    return key === undefined
        ? { property, old, new: now }
        : { property: `${property}.config.${key}`, old: from[key], new: to[key] };
}

/** Removes the digest of all rules from the headers: it changes with any rule, and has no finding of its own. */
function withoutRevision(plugin: Props): Props {
    const { config } = plugin;
    const set = isMap(config) && isMap(config.headers) ? config.headers.set : undefined;
    if (!isMap(config) || !isMap(set)) return plugin;
    const { [REVISION_HEADER]: _, ...rest } = set;
    return { ...plugin, config: { ...config, headers: { ...(config.headers as object), set: rest } } };
}

function byName(value: unknown): Map<string, Props> {
    return new Map(
        mapsOf(value)
            .filter(isOn)
            .map((plugin) => [String(plugin.name), withoutRevision(plugin)]),
    );
}
