/** What a request runs on: routes, upstreams, consumers and the plugins of each, ready to run. */
import type { Context } from "./context";
import type { Condition } from "../lua/expr";

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

/** Health checks that a gateway makes by itself. */
export interface ActiveCheck {
    type: "http" | "tcp";
    /** Seconds. */
    timeout: number;
    host?: string;
    port?: number;
    httpPath: string;
    headers: string[];
    healthy: { interval: number; statuses: number[]; successes: number };
    unhealthy: { interval: number; statuses: number[]; http: number; tcp: number; timeouts: number };
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
