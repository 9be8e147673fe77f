/** The interface of plugins, and the parts of the gateway that they may use. */
import type { Counters } from "../counters/counters";
import type { SharedCounters } from "../counters/shared-counters";
import type { Metrics } from "../observed/metrics";
import type { AuthConsumer, Conf, Handlers } from "../request/types";
import type { Schema } from "../schema/jsonschema";
import type { LuaMachine } from "../serverless/machine";

/** Parts of the running gateway that plugins may use. */
export interface PluginTools {
    /** Finds the consumer that has a credential of this auth plugin with this value in the key field. */
    findConsumer(plugin: string, keyField: string, value: string): AuthConsumer | undefined;
    anonymousConsumer(name: string): AuthConsumer | undefined;
    counters: Counters;
    /** Counters of policy redis. */
    shared: SharedCounters;
    lua: LuaMachine;
    metrics: Metrics;
    metadata(plugin: string): Conf | undefined;
    /** Port in redirects to HTTPS; undefined if the settings have none. */
    httpsPort(): number | undefined;
    /** Creates the handlers of another plugin (for multi-auth and workflow). */
    instantiate(name: string, conf: Conf, parentKey: string): Handlers;
    log(line: string): void;
}

export type ConfKind = "route" | "consumer" | "metadata";

export interface Plugin {
    name: string;
    priority: number;
    /** Auth plugins are valid in credentials, in consumers and in multi-auth. */
    auth?: { keyField: string; consumerSchema: Schema };
    schema: Schema;
    metadataSchema?: Schema;
    /**
     * Fields that the Admin API encrypts. If the plugin is an auth plugin, the fields are encrypted only in credentials and
     * consumers.
     */
    encryptFields?: string[];
    /**
     * Checks beyond the schema, with defaults already filled in. Returns the part of the error after "… of plugin NAME err: ".
     */
    check?(conf: Conf, kind: ConfKind, tools: CheckTools): string | undefined;
    create(conf: Conf, parentKey: string, tools: PluginTools): Handlers;
}

export interface CheckTools {
    /** limit-count groups of this process, by name. A group keeps its first configuration. */
    groups: Map<string, Conf>;
    lua: LuaMachine;
    checkPlugin(name: string, conf: unknown, kind: ConfKind): string | undefined;
    isKnown(name: string): boolean;
    isAuth(name: string): boolean;
    /** Whether APISIX has a plugin of this name that is not an auth plugin. The emulator may not support the plugin. */
    isOtherKind(name: string): boolean;
}
