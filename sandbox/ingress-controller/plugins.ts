// Plugins of a rule, a consumer, an ApisixGlobalRule and a GatewayProxy.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/apisixroute.go.

import { unsupported } from "./objects";

export interface Plugin {
    name: string;
    enable: boolean;
    config?: unknown;
    secretRef?: string;
}

export function enabledPlugins(list: Plugin[]): Record<string, Record<string, unknown>> {
    return Object.fromEntries(list.filter(({ enable }) => enable).map((one) => [one.name, pluginConfig(one)]));
}

/** Configuration of a plugin. As in the controller up to 2.1, a config that is not an object becomes an empty configuration. */
export function pluginConfig({ name, config, secretRef }: Omit<Plugin, "enable">): Record<string, unknown> {
    if (secretRef) throw unsupported(`secretRef of plugin ${name}`);
    const isObject = config !== null && typeof config === "object" && !Array.isArray(config);
    return isObject ? structuredClone(config as Record<string, unknown>) : {};
}
