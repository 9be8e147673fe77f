/** The interface of plugins, and the parts of the gateway that they may use. */
import type { Counters } from "../counters/counters";
import type { SharedCounters } from "../counters/shared-counters";
import type { Metrics } from "../observed/metrics";
import type { AuthConsumer, Conf, Handlers, Upstream } from "../request/types";
import type { Schema } from "../schema/jsonschema";
import type { LuaMachine } from "../serverless/machine";

/** Parts of the running gateway that plugins may use. */
export interface PluginTools {
    /** Finds the consumer whose credential for an auth plugin has this value in its key field. */
    findConsumer(plugin: string, keyField: string, value: string): AuthConsumer | undefined;
    anonymousConsumer(name: string): AuthConsumer | undefined;
    counters: Counters;
    /** Counters of policy redis. */
    shared: SharedCounters;
    lua: LuaMachine;
    metrics: Metrics;
    metadata(plugin: string): Conf | undefined;
    /** Callers' port for TLS, as far as this gateway knows it. */
    httpsPort(): number | undefined;
    /** Returns an upstream object by id. */
    upstream(id: string): Upstream | undefined;
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
    /** Fields that the Admin API encrypts, in the consumer's configuration or (others) in all. */
    encryptFields?: string[];
    /** Checks beyond the schema. Returns the text after "… of plugin NAME err: ". Defaults are already filled in. */
    check?(conf: Conf, kind: ConfKind, tools: CheckTools): string | undefined;
    create(conf: Conf, parentKey: string, tools: PluginTools): Handlers;
}

export interface CheckTools {
    /** limit-count groups of this process: a name stays bound to its first configuration. */
    groups: Map<string, Conf>;
    lua: LuaMachine;
    checkPlugin(name: string, conf: unknown, kind: ConfKind): string | undefined;
    isKnown(name: string): boolean;
    isAuth(name: string): boolean;
    /** Whether a name is a plugin of APISIX, supported or not, that does not authenticate. */
    isOtherKind(name: string): boolean;
}
