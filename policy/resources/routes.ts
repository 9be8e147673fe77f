/** Routes of the gateway: their rules, the plugins that run for them, and who must authenticate. */
import { kindOf, type Resource } from "./resource";
import { at, isMap, isUnknown, list, map, type Tree, type UnknownAs } from "./values";

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

/** Every plugin of a route or consumer, also disabled ones and those inside multi-auth. */
export function pluginsIn(resource: Resource): Plugin[] {
    const spec = map(resource.props.spec);
    const places = [
        ...rulesOf(resource).map(({ where, props }) => [where, props.plugins] as const),
        ...(["Consumer", "ApisixUpstream"].includes(kindOf(resource)) ? [["spec", spec.plugins] as const] : []),
        // A caller's plugins may also be in one of its credentials.
        ...list(spec.credentials).map((one, i) => [`spec.credentials[${i}]`, at(one, "plugins")] as const),
    ];
    return places.flatMap(([where, plugins]) =>
        list(plugins)
            .filter(isMap)
            .map((entry, i) => pluginAt(`${where}.plugins[${i}]`, entry))
            .flatMap((plugin) => [plugin, ...insideMultiAuth(plugin)]),
    );
}

function pluginAt(where: string, entry: Tree): Plugin {
    return { where, name: String(entry.name), config: map(entry.config), entry };
}

/**
 * Plugins of a rule that APISIX runs. A plugin without `enable` is enabled (CRD of the ingress controller 2.x). If several
 * have the same name, the last one applies.
 */
export function pluginsOf({ where, props }: RouteRule, unknown: UnknownAs = "allowed"): Plugin[] {
    const is = (value: unknown, wanted: boolean) => value === wanted || (unknown === "allowed" && isUnknown(value));
    const enabled = list(props.plugins).flatMap((entry, i): Plugin[] => {
        if (!isMap(entry) || !is(entry.enable ?? true, true)) return [];
        return [pluginAt(`${where}.plugins[${i}]`, entry)];
    });
    const last = new Map(enabled.map((plugin) => [plugin.name, plugin]));
    return [...last.values()].filter(({ config }) => is(map(config._meta).disable ?? false, false));
}

/** Whether some plugins of a rule are unknown before the run. */
export const hasUnknownPlugin = ({ props }: RouteRule): boolean =>
    isUnknown(props.plugins) ||
    list(props.plugins).some((plugin) => isUnknown(plugin) || isUnknown(at(plugin, "config")));

/** Plugins that authenticate in a rule, also those inside multi-auth. */
export const authenticationOf = (rule: RouteRule, unknown?: UnknownAs) =>
    pluginsOf(rule, unknown).flatMap(authenticatorsIn);

/** The plugin itself if it authenticates. For multi-auth, the plugins inside it. */
function authenticatorsIn(plugin: Plugin): Plugin[] {
    return [plugin, ...insideMultiAuth(plugin)].filter(({ name }) => ASKING.includes(name));
}

function insideMultiAuth({ where, name, config }: Plugin): Plugin[] {
    if (name !== "multi-auth") return [];
    return list(config.auth_plugins).flatMap((entry, i) =>
        Object.entries(map(entry)).map(([inner, settings]) => ({
            where: `${where}.config.auth_plugins[${i}].${inner}`,
            name: inner,
            config: map(settings),
            entry: {},
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
