import { at, kindOf, list, map, UNKNOWN, type Resource, type Tree } from "./resource";

/** One rule of an ApisixRoute. */
export interface RouteRule {
    where: string;
    props: Tree;
}

interface Plugin {
    where: string;
    name: string;
    config: Tree;
}

/** Upstream of rules that answer themselves. */
export const NOWHERE = "alpa-nowhere";
/** Plugins that require a credential, and can hide it from the upstream. */
const ASKING = ["key-auth", "jwt-auth", "basic-auth", "hmac-auth"];

export function rulesOf(resource: Resource): RouteRule[] {
    if (kindOf(resource) !== "ApisixRoute") return [];
    return list(at(resource.props, "spec.http")).map((props, i) => ({ where: `spec.http[${i}]`, props: map(props) }));
}

/**
 * Enabled plugins of a rule. A plugin without `enable` is enabled (CRD of the ingress controller 2.x). If several have the
 * same name, the last one applies.
 */
export function pluginsOf({ where, props }: RouteRule): Plugin[] {
    const on = list(props.plugins)
        .map((plugin, i) => ({ ...map(plugin), where: `${where}.plugins[${i}]` }) as Tree & { where: string })
        .filter(({ enable = true }) => enable === true || enable === UNKNOWN);
    const last = new Map(on.map((plugin) => [plugin.name, plugin]));
    return on
        .filter((plugin) => last.get(plugin.name) === plugin && at(plugin.config, "_meta.disable") !== true)
        .map(({ name, config, where: place }) => ({ where: place, name: String(name), config: map(config) }));
}

/** Whether some requests bypass a plugin. */
export const hasFilter = (config: unknown) => ![undefined, UNKNOWN].includes(at(config, "_meta.filter") as undefined);

/** Plugins without a filter, which run for every request. */
export const everyRequest = (rule: RouteRule) => pluginsOf(rule).filter(({ config }) => !hasFilter(config));

/** Whether some plugins of a rule are unknown before the run. */
export const isUnknown = ({ props }: RouteRule): boolean =>
    props.plugins === UNKNOWN ||
    list(props.plugins).some((plugin) => plugin === UNKNOWN || at(plugin, "config") === UNKNOWN);

/** Plugins that authenticate in a rule, also those inside multi-auth. */
export function authenticationOf(rule: RouteRule): (Plugin & { wrapper?: Tree })[] {
    return pluginsOf(rule).flatMap((plugin): (Plugin & { wrapper?: Tree })[] => {
        if (ASKING.includes(plugin.name)) return [plugin];
        if (plugin.name !== "multi-auth") return [];
        return list(plugin.config.auth_plugins).flatMap((entry, i) =>
            Object.entries(map(entry))
                .filter(([name]) => ASKING.includes(name))
                .map(([name, config]) => ({
                    where: `${plugin.where}.config.auth_plugins[${i}].${name}`,
                    name,
                    config: map(config),
                    wrapper: plugin.config,
                })),
        );
    });
}

/** Whether a rule has no reachable upstream. */
export function isNowhere({ props }: RouteRule): boolean {
    const { upstreams, backends } = props;
    return (
        list(backends).length === 0 &&
        (upstreams === UNKNOWN || list(upstreams).length > 0) &&
        list(upstreams).every((upstream) => [NOWHERE, UNKNOWN].includes(at(upstream, "name") as string))
    );
}
