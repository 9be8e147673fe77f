/** Routes of the gateway: their rules, the plugins that run for them, and who must authenticate. */
import { kindOf, type Resource } from "./resource";
import { at, isMap, isUnknown, list, map, secondsOf, type Tree, type UnknownAs } from "./values";

/** One rule of an ApisixRoute. */
export interface RouteRule {
    where: string;
    props: Tree;
}

export interface Plugin {
    where: string;
    name: string;
    config: Tree;
    /** The whole entry, with `name`, `config` and `enable`. */
    entry: Tree;
}

/** Upstream of rules whose requests the gateway answers itself. */
export const NOWHERE = "alpa-nowhere";
/** Plugins that require a credential, and can hide it from the upstream. */
const ASKING = ["key-auth", "jwt-auth", "basic-auth", "hmac-auth"];

export function rulesOf(resource: Resource): RouteRule[] {
    if (kindOf(resource) !== "ApisixRoute") return [];
    return list(at(resource.props, "spec.http")).map((props, i) => ({ where: `spec.http[${i}]`, props: map(props) }));
}

/** Seconds of the longest answer that the routes of these resources allow; 0 if none is known. */
export const longestAnswer = (resources: Resource[]) =>
    Math.max(0, ...resources.flatMap(rulesOf).map(({ props }) => secondsOf(at(props, "timeout.read")) ?? 0));

/**
 * Plugins of a rule that APISIX runs. A plugin without `enable` is enabled (CRD of the ingress controller 2.x). If several
 * have the same name, the last one applies.
 */
export function pluginsOf({ where, props }: RouteRule, unknown: UnknownAs = "allowed"): Plugin[] {
    const is = (value: unknown, wanted: boolean) => value === wanted || (unknown === "allowed" && isUnknown(value));
    const enabled = list(props.plugins).flatMap((entry, i): Plugin[] => {
        const { name, enable = true, config } = map(entry);
        if (!isMap(entry) || !is(enable, true)) return [];
        return [{ where: `${where}.plugins[${i}]`, name: String(name), config: map(config), entry }];
    });
    const last = new Map(enabled.map((plugin) => [plugin.name, plugin]));
    return [...last.values()].filter(({ config }) => {
        const { disable = false } = map(config._meta);
        return is(disable, false);
    });
}

/** Whether some requests bypass a plugin. */
export const hasFilter = (config: unknown) => {
    const filter = at(config, "_meta.filter");
    return filter !== undefined && !isUnknown(filter);
};

/** Plugins without a filter, which run for every request. */
export const everyRequest = (rule: RouteRule) => pluginsOf(rule).filter(({ config }) => !hasFilter(config));

/** Whether some plugins of a rule are unknown before the run. */
export const hasUnknownPlugin = ({ props }: RouteRule): boolean =>
    isUnknown(props.plugins) ||
    list(props.plugins).some((plugin) => isUnknown(plugin) || isUnknown(at(plugin, "config")));

/** Plugins that authenticate in a rule, also those inside multi-auth. */
export const authenticationOf = (rule: RouteRule, unknown?: UnknownAs) =>
    pluginsOf(rule, unknown).flatMap(authenticatorsIn);

/** The plugin itself if it authenticates. For multi-auth, the plugins inside it, each with multi-auth as its `wrapper`. */
export function authenticatorsIn(plugin: Plugin): (Plugin & { wrapper?: Plugin })[] {
    if (ASKING.includes(plugin.name)) return [plugin];
    if (plugin.name !== "multi-auth") return [];
    return list(plugin.config.auth_plugins).flatMap((entry, i) =>
        Object.entries(map(entry))
            .filter(([name]) => ASKING.includes(name))
            .map(([name, config]) => ({
                where: `${plugin.where}.config.auth_plugins[${i}].${name}`,
                name,
                config: map(config),
                entry: map(entry),
                wrapper: plugin,
            })),
    );
}

/** Status with which fault-injection rejects every request; undefined if it lets some pass. */
export function rejectsWith(config: unknown): { status: unknown } | undefined {
    const abort = at(config, "abort");
    if (!isMap(abort) || abort.vars !== undefined || abort.percentage !== undefined) return undefined;
    return at(config, "_meta.filter") === undefined ? { status: abort.http_status } : undefined;
}

/** Whether a rule has no reachable upstream. */
export function isNowhere({ props }: Pick<RouteRule, "props">, unknown: UnknownAs = "allowed"): boolean {
    const { upstreams, backends } = props;
    const counts = (value: unknown) => unknown === "allowed" && isUnknown(value);
    return (
        list(backends).length === 0 &&
        (counts(upstreams) || list(upstreams).length > 0) &&
        list(upstreams).every((upstream) => at(upstream, "name") === NOWHERE || counts(at(upstream, "name")))
    );
}
