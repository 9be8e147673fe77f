/** Shapes shared by the gateway's parts. */
import type { Context } from "./context";
import type { Counters } from "../counters/counters";
import type { Condition } from "../lua/expr";
import type { ActiveCheck } from "../upstream/health-checks";
import type { Schema } from "../schema/jsonschema";
import type { Metrics } from "../observed/metrics";
import type { LuaMachine } from "../serverless/machine";
import type { SharedCounters } from "../counters/shared-counters";

/** A plugin's or an object's configuration as JSON gave it. */
export type Conf = { [key: string]: unknown };

/** How a plugin ends a request. No body: nginx's page of that status. */
export interface Exit {
    code: number;
    /** An object is sent as JSON plus one line feed, a string as it is. */
    body?: string | object;
}

export type Step = Exit | undefined | void;

/** What one configured plugin does, phase by phase; all run in order of priority. */
export interface Handlers {
    rewrite?(ctx: Context): Step | Promise<Step>;
    access?(ctx: Context): Step | Promise<Step>;
    headerFilter?(ctx: Context): void;
    /** Asked after all header filters: does this plugin want to change the body? */
    wantsBody?(ctx: Context): boolean;
    bodyFilter?(ctx: Context, body: Buffer): Buffer;
    /** Runs once when the request is over, however it ended. */
    log?(ctx: Context): void;
}

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
    /** Auth plugins may stand in credentials, consumers and multi-auth. */
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
    /** A plugin of APISIX, played or not, that does not authenticate. */
    isOtherKind(name: string): boolean;
}

/** One configured plugin, ready to run. */
export interface Entry {
    name: string;
    priority: number;
    handlers: Handlers;
    filter?: Condition;
    /** `_meta.pre_function`, which runs right before the plugin. */
    before?(ctx: Context): void;
    errorResponse?: string | object;
    isAuth: boolean;
}

/** A consumer as an auth plugin found it. */
export interface AuthConsumer {
    username: string;
    /** Undefined if the credential is part of the consumer itself. */
    credentialId?: string;
    customId?: string;
    /** The credential's configuration, with secret references resolved and defaults filled in. */
    auth: Conf;
    plugins: EntryList;
}

/** Entries of one object, and the plugin names it decides about (its disabled ones too). */
export interface EntryList {
    entries: Entry[];
    names: string[];
}

export interface Node {
    host: string;
    port: number;
    weight: number;
    priority: number;
}

/** Seconds. */
export interface Timeout {
    connect: number;
    send: number;
    read: number;
}

export interface Upstream {
    /** Names one version of one upstream: balancer state hangs on it. */
    key: string;
    type: string;
    hashOn: string;
    hashKey?: string;
    nodes: Node[];
    check?: ActiveCheck;
    timeout?: Timeout;
    retries?: number;
    /** Seconds; 0 = no limit. */
    retryTimeout: number;
    passHost: string;
    upstreamHost?: string;
}

export interface Route {
    id: string;
    name?: string;
    serviceId?: string;
    serviceName?: string;
    hosts: string[];
    uris: string[];
    methods?: string[];
    priority: number;
    remoteAddrs: string[];
    vars?: Condition;
    plugins: Entry[];
    /** "missing" = an id that names nothing. */
    upstream?: Upstream | "missing";
    timeout?: Timeout;
    /** The plugin config or service it names does not exist: every request ends with this status. */
    broken?: number;
}
