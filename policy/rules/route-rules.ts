import { at, kindOf, list, map, type Resource, type Tree } from "./resource";

/** One rule of an ApisixRoute. */
export interface RouteRule {
    where: string;
    props: Tree;
}

export interface Plugin {
    where: string;
    name: string;
    config: Tree;
}

/** Upstream of rules that answer themselves. */
export const NOWHERE = "alpa-nowhere";
/** Each asks for a credential, and can hide it. */
const ASKING = ["key-auth", "jwt-auth", "basic-auth", "hmac-auth"];

export function rulesOf(resource: Resource): RouteRule[] {
    if (kindOf(resource) !== "ApisixRoute") return [];
    return list(at(resource.props, "spec.http")).map((props, i) => ({ where: `spec.http[${i}]`, props: map(props) }));
}

/** The plugins of a rule that are on. */
export function pluginsOf({ where, props }: RouteRule): Plugin[] {
    return list(props.plugins)
        .map((plugin, i) => ({ ...map(plugin), where: `${where}.plugins[${i}]` }) as Tree & { where: string })
        .filter(({ enable, config }) => enable === true && at(config, "_meta.disable") !== true)
        .map(({ name, config, where: place }) => ({ where: place, name: String(name), config: map(config) }));
}

/** How a rule asks for a credential: by itself, or one of several in multi-auth. */
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

/** Leads to nothing that listens. */
export function isNowhere({ props }: RouteRule): boolean {
    const upstreams = list(props.upstreams);
    return (
        list(props.backends).length === 0 &&
        upstreams.length > 0 &&
        upstreams.every((upstream) => at(upstream, "name") === NOWHERE)
    );
}
