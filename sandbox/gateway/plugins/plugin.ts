/** What a plugin is, and what it may use of the gateway. */
import type { Counters } from "../counters/counters";
import type { SharedCounters } from "../counters/shared-counters";
import type { Metrics } from "../observed/metrics";
import type { AuthConsumer, Conf, Handlers, Upstream } from "../request/types";
import type { Schema } from "../schema/jsonschema";
import type { LuaMachine } from "../serverless/machine";

/** What a plugin may use of the running gateway. */
export interface PluginTools {
    /** Finds the consumer whose credential for an auth plugin has this value in its key field. */
    findConsumer(plugin: string, keyField: string, value: string): AuthConsumer | undefined;
    anonymousConsumer(name: string): AuthConsumer | undefined;
    counters: Counters;
    /** Those of policy redis. */
    shared: SharedCounters;
    lua: LuaMachine;
    metrics: Metrics;
    metadata(plugin: string): Conf | undefined;
    /** Port that callers reach TLS on, as far as this gateway knows. */
    httpsPort(): number | undefined;
    /** An upstream object by id. */
    upstream(id: string): Upstream | undefined;
    /** Makes the handlers of another plugin (multi-auth, workflow). */
    instantiate(name: string, conf: Conf, parentKey: string): Handlers;
    log(line: string): void;
}

export type ConfKind = "route" | "consumer" | "metadata";

export interface Plugin {
    name: string;
    priority: number;
    /** Auth plugins are allowed in credentials, in consumers and in multi-auth. */
    auth?: { keyField: string; consumerSchema: Schema };
    schema: Schema;
    metadataSchema?: Schema;
    /** Fields the Admin API stores encrypted, in the consumer's configuration or (others) in any. */
    encryptFields?: string[];
    /** Checks beyond the schema; the message is what follows "… of plugin NAME err: ". Defaults are filled in already. */
    check?(conf: Conf, kind: ConfKind, tools: CheckTools): string | undefined;
    create(conf: Conf, parentKey: string, tools: PluginTools): Handlers;
}

export interface CheckTools {
    /** limit-count groups seen by this process: the name stays bound to its first configuration. */
    groups: Map<string, Conf>;
    lua: LuaMachine;
    checkPlugin(name: string, conf: unknown, kind: ConfKind): string | undefined;
    isKnown(name: string): boolean;
    isAuth(name: string): boolean;
    /** A plugin of APISIX, emulated or not, that does not authenticate. */
    isOtherKind(name: string): boolean;
}
