import type { Context } from "./context";
import type { Condition } from "../lua/expr";

/** Phases of APISIX. Functions of the serverless plugins run in the first three, `_meta.pre_function` in all. */
export type LuaPhase = "rewrite" | "access" | "header_filter" | "body_filter" | "log";

/** The configuration of a plugin or object, as parsed from JSON. */
export type Conf = { [key: string]: unknown };

/** The result of a plugin that ends the request. Without a body, nginx's error page of the status is sent. */
export interface Exit {
    code: number;
    /** An object is sent as JSON with a line feed, a string unchanged. */
    body?: string | object;
}

type Step = Exit | undefined | void;

/** Handlers of one configured plugin by phase. Plugins run in order of priority. */
export interface Handlers {
    rewrite?(ctx: Context): Step | Promise<Step>;
    access?(ctx: Context): Step | Promise<Step>;
    headerFilter?(ctx: Context): void;
    /** Whether the plugin changes the body. Called after all header filters. */
    wantsBody?(ctx: Context): boolean;
    bodyFilter?(ctx: Context, body: Buffer): Buffer;
    /** Runs once at the end of the request, successful or not. */
    log?(ctx: Context): void;
}

/** One configured plugin with its handlers. */
export interface Entry {
    name: string;
    priority: number;
    handlers: Handlers;
    filter?: Condition;
    /**
     * `_meta.pre_function`, which runs right before each phase of the plugin. @param chunk in body_filter, a piece of the
     * answer's body @returns the piece, or its replacement
     */
    before?(ctx: Context, phase: LuaPhase, chunk?: Buffer): Buffer | undefined;
    errorResponse?: string | object;
    isAuth: boolean;
}

/** A consumer that an auth plugin has found. */
export interface AuthConsumer {
    username: string;
    /** Undefined if the credential is in the consumer object itself. */
    credentialId?: string;
    customId?: string;
    /** The credential's configuration, with resolved references and defaults. */
    auth: Conf;
    plugins: EntryList;
}

/** `entries`: the enabled plugins of one object. `names`: the names of all its plugins, also of disabled plugins. */
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

/** Timeouts of an upstream request, in seconds. */
export interface Timeout {
    connect: number;
    send: number;
    read: number;
}

/** Settings of an upstream's active health checks. */
export interface ActiveCheck {
    type: "http" | "tcp";
    /** Time limit of one check, in seconds. */
    timeout: number;
    host?: string;
    port?: number;
    httpPath: string;
    headers: string[];
    healthy: { interval: number; statuses: number[]; successes: number };
    unhealthy: { interval: number; statuses: number[]; http: number; tcp: number; timeouts: number };
}

export interface Upstream {
    /** Key for one version of an upstream object. The balancer keeps state under this key. */
    key: string;
    type: string;
    hashOn: string;
    hashKey?: string;
    nodes: Node[];
    check?: ActiveCheck;
    timeout?: Timeout;
    retries?: number;
    /** Number of seconds in which a retry may start. 0 means no limit. */
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
    /** "missing" if upstream_id refers to an object that does not exist. */
    upstream?: Upstream | "missing";
    timeout?: Timeout;
    /** Status that ends every request, because the route's plugin config or service does not exist. */
    broken?: number;
}
