import type { Condition } from "../lua/expr";
import type { Context } from "./context";

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
    bodyFilter?(body: Buffer): Buffer;
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
}

/** A credential that an auth plugin has found, with its consumer. */
export interface AuthConsumer {
    username: string;
    /** Undefined if the credential is in the consumer object itself. */
    credentialId?: string;
    /** The credential's configuration. */
    auth: Conf;
    plugins: Entry[];
}

export interface Node {
    host: string;
    port: number;
    weight: number;
}

/** Timeouts of an upstream request, in seconds. */
export interface Timeout {
    connect: number;
    send: number;
    read: number;
}

/** Settings of an upstream's active health checks. Times are in seconds. */
export interface ActiveCheck {
    timeout: number;
    http_path: string;
    healthy: { interval: number; http_statuses: number[] };
    unhealthy: { http_statuses: number[]; http_failures: number; tcp_failures: number; timeouts: number };
}

export interface Upstream {
    /** Whether a consumer always gets the same node (chash). Otherwise the nodes take turns (roundrobin). */
    byConsumer: boolean;
    nodes: Node[];
    check?: ActiveCheck;
    timeout?: Timeout;
}

export interface Route {
    id: string;
    name?: string;
    serviceId?: string;
    serviceName?: string;
    uris: string[];
    methods?: string[];
    priority: number;
    vars: Condition;
    plugins: Entry[];
    /** Key of the object with the upstream; undefined if the route has none. */
    upstreamKey?: string;
    timeout?: Timeout;
}
