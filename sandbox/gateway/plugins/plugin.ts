/** The interface of plugins, and the parts of the gateway that they may use. */
import type { Counters } from "../counters/counters";
import type { SharedCounters } from "../counters/shared-counters";
import type { Fields } from "../lua/schema";
import type { Metrics } from "../observed/metrics";
import type { AuthConsumer, Conf, Handlers } from "../request/types";
import type { LuaMachine } from "../serverless/machine";

/** Parts of the running gateway that plugins may use. */
export interface PluginTools {
    /** Finds the credential of this auth plugin with this key. */
    findConsumer(plugin: string, key: string): AuthConsumer | undefined;
    counters: Counters;
    /** Counters of policy redis. */
    shared: SharedCounters;
    lua: LuaMachine;
    /** Variables for `$env://` in the configuration of plugins. */
    env: Record<string, string | undefined>;
    metrics: Metrics;
    metadata(plugin: string): Conf | undefined;
    /** Port in redirects to HTTPS; undefined if the settings have none. */
    httpsPort(): number | undefined;
    /** Creates the handlers of another plugin (for multi-auth and workflow), with checks of its configuration. */
    instantiate(name: string, conf: Conf, parentKey: string): Handlers;
    log(line: string): void;
}

export interface Plugin {
    name: string;
    priority: number;
    fields: Fields;
    required?: string[];
    /** Whether the configuration may have other fields, which functions read. */
    isOpen?: boolean;
    /** Fields of a credential, if the plugin authenticates. */
    credential?: { fields: Fields; required: string[] };
    /** @throws Error or Unsupported for a configuration that is invalid beyond its fields */
    create(conf: Conf, parentKey: string, tools: PluginTools): Handlers;
}

/** Defines a plugin whose function gets a typed configuration. Its fields were checked before. */
export function definePlugin<C extends object>(
    plugin: Omit<Plugin, "create"> & { create(conf: C, parentKey: string, tools: PluginTools): Handlers },
): Plugin {
    return { ...plugin, create: (conf: Conf, parentKey, tools) => plugin.create(conf as C, parentKey, tools) };
}

export const TEXT = { type: "string", minLength: 1 };
export const FLAG = { type: "boolean" };
export const OBJECT = { type: "object" };
export const AMOUNT = { type: "integer", minimum: 1 };
/** A field with the only supported value. */
export const only = (value: unknown) => ({ enum: [value] });
