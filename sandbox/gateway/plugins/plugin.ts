/** The interface of plugins, and the parts of the gateway that they may use. */
import { z } from "zod";
import type { Counters } from "../counters/counters";
import type { SharedCounters } from "../counters/shared-counters";
import type { Metrics } from "../observed/metrics";
import type { AuthConsumer, Conf, Handlers } from "../request/types";
import { Unsupported } from "../unsupported";

/** Parts of the running gateway that plugins may use. */
export interface PluginTools {
    /** Finds the credential of this auth plugin with this key. */
    findConsumer(plugin: string, key: string): AuthConsumer | undefined;
    counters: Counters;
    /** Counters of policy redis. */
    shared: SharedCounters;
    /** Variables for `$env://` in the configuration of plugins. */
    env: Record<string, string | undefined>;
    metrics: Metrics;
    metadata(plugin: string): Conf | undefined;
    /** Port in redirects to HTTPS; undefined if the settings have none. */
    httpsPort?: number;
    /** Creates the handlers of another plugin (for multi-auth and workflow), with checks of its configuration. */
    instantiate(name: string, conf: Conf, parentKey: string): Handlers;
    log(line: string): void;
}

export interface Plugin<S extends z.ZodType = z.ZodType> {
    name: string;
    priority: number;
    schema: S;
    /** Fields of a credential, if the plugin authenticates. */
    credential?: z.ZodType;
    /** @throws Error or Unsupported for a configuration that is invalid beyond its schema */
    create(conf: z.infer<S>, parentKey: string, tools: PluginTools): Handlers;
}

/** Defines a plugin whose function gets a typed configuration. */
export function definePlugin<S extends z.ZodType>(plugin: Plugin<S>): Plugin {
    return plugin as unknown as Plugin;
}

export const TEXT = z.string().min(1);
export const OBJECT = z.record(z.string(), z.unknown());
export const TEXTS = z.record(z.string(), z.string());
export const AMOUNT = z.int().min(1);
const SECONDS = z.number().positive();
export const TIMEOUT = z.strictObject({ connect: SECONDS, send: SECONDS, read: SECONDS });

/** A missing value, or one that APISIX or this emulator rejects. */
export class Invalid extends Error {}

/** Checks a configuration. @throws Unsupported for a field that is not emulated, Invalid for a wrong or missing value */
export function read<S extends z.ZodType>(where: string, schema: S, conf: unknown): z.infer<S> {
    const result = schema.safeParse(conf);
    if (result.success) return result.data;
    const { issues } = result.error;
    const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
    const at = issue.path.map((part) => `.${String(part)}`).join("");
    if (issue.code === "unrecognized_keys") throw new Unsupported(`field ${issue.keys.join(", ")} of ${where}${at}`);
    throw new Invalid(`${where}${at}: ${issue.message}`);
}
