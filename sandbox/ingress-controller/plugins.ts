// Plugins of a rule: from the shared plugin config, the rule itself, and its authentication.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/apisixroute.go.

import { find, secretText, type Resource, type World } from "./kinds";

export interface Plugin {
    name: string;
    enable: boolean;
    config?: unknown;
    secretRef?: string;
}

/** The fields of a rule with plugins. */
export interface PluginSource {
    plugin_config_name?: string;
    plugin_config_namespace?: string;
    plugins?: Plugin[];
    authentication?: { enable: boolean; type: string; keyAuth?: object; jwtAuth?: object; ldapAuth?: object };
}

/** Later ones win: shared plugin config, own plugins of the rule, its authentication. */
export function rulePlugins(world: World, owner: Resource, rule: PluginSource): Record<string, unknown> {
    const namespace = owner.metadata.namespace as string;
    const found: Record<string, unknown> = {};
    const shared = rule.plugin_config_name ? sharedPlugins(world, namespace, rule) : undefined;
    const add = (list: Plugin[], from: string) => {
        // enable: false skips the entry, but does not remove one of a shared plugin config.
        for (const one of list) if (one.enable) found[one.name] = pluginConfig(world, withReadable(one, from), from);
    };
    // A Secret in another namespace was not fetched (see validate), so the config has none of its values.
    const withReadable = (one: Plugin, from: string) => (from === namespace ? one : { ...one, secretRef: undefined });
    if (shared) add(shared.spec.plugins, shared.metadata.namespace as string);
    add(rule.plugins ?? [], namespace);
    if (rule.authentication?.enable) {
        const [name, config] = authentication(rule.authentication);
        found[name] = config;
    }
    return found;
}

function authentication({
    type,
    keyAuth,
    jwtAuth,
    ldapAuth,
}: NonNullable<PluginSource["authentication"]>): [string, object] {
    switch (type) {
        case "keyAuth":
            return ["key-auth", keyAuth ?? {}];
        case "jwtAuth":
            return ["jwt-auth", jwtAuth ?? {}];
        case "hmacAuth":
            return ["hmac-auth", {}];
        case "wolfRBAC":
            return ["wolf-rbac", {}];
        case "ldapAuth":
            return ["ldap-auth", ldapAuth ?? {}];
        default:
            // "basicAuth", and every unknown type, such as "key-auth".
            return ["basic-auth", {}];
    }
}

export function sharedPlugins(world: World, namespace: string, rule: PluginSource): Resource | undefined {
    const name = rule.plugin_config_name as string;
    return find(world, "ApisixPluginConfig", rule.plugin_config_namespace || namespace, name);
}

/**
 * A plugin's config merged with its Secret: values are strings, and dots in a key create nested objects. A config that is not
 * an object counts as {}: up to 2.1 such a plugin has an empty configuration.
 */
export function pluginConfig(
    world: World,
    plugin: { config?: unknown; secretRef?: string },
    secretNamespace: string,
): Record<string, unknown> {
    const isObject = plugin.config !== null && typeof plugin.config === "object" && !Array.isArray(plugin.config);
    const config = isObject ? structuredClone(plugin.config as Record<string, unknown>) : {};
    const secret = plugin.secretRef ? secretText(world, secretNamespace, plugin.secretRef) : undefined;
    for (const [key, value] of Object.entries(secret ?? {})) {
        const path = key.split(".");
        let target = config;
        for (const step of path.slice(0, -1)) {
            if (target[step] === null || typeof target[step] !== "object") target[step] = {};
            target = target[step] as Record<string, unknown>;
        }
        target[path[path.length - 1]] = value;
    }
    return config;
}
