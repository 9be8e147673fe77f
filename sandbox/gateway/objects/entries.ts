/** Creates the plugins of an object from their configurations, which it checks first. */
import { compileExpr } from "../lua/expr";
import { checkFields, Invalid, type Fields } from "../lua/schema";
import { PLUGINS } from "../plugins/index";
import type { Plugin, PluginTools } from "../plugins/plugin";
import type { Conf, Entry, Handlers, LuaPhase } from "../request/types";
import type { LuaRequest } from "../serverless/machine";
import { Unsupported } from "../unsupported";

const META: Fields = {
    error_response: {},
    priority: { type: "integer" },
    filter: { type: "array" },
    pre_function: { type: "string" },
};

function pluginNamed(name: string): Plugin {
    const plugin = PLUGINS.get(name);
    if (!plugin) throw new Unsupported(`plugin ${name}`);
    return plugin;
}

/** Whether a plugin authenticates callers. */
export const isAuth = (name: string) => PLUGINS.get(name)?.credential !== undefined;

/** Creates the handlers of a plugin. @throws Unsupported, Invalid */
export function handlersOf(name: string, conf: Conf, parentKey: string, tools: PluginTools): Handlers {
    const plugin = pluginNamed(name);
    const { fields, required = [], isOpen } = plugin;
    checkFields(`plugin ${name}`, conf, { ...fields, _meta: {} }, required, isOpen);
    return plugin.create(conf, parentKey, tools);
}

/** Checks the configuration of an auth plugin in a credential or a consumer. @throws Unsupported, Invalid */
export function checkCredential(name: string, conf: unknown): void {
    const { credential } = pluginNamed(name);
    if (!credential) throw new Invalid("only supports auth type plugins in consumer credential");
    checkFields(`plugin ${name}`, conf, credential.fields, credential.required);
    if (/^\$(secret|env):\/\//i.test(String((conf as Conf).key))) throw new Unsupported("references in credentials");
}

/** Plugins in order of priority. @param parentKey key of the object that has the plugins, for example "/routes/r1" */
export function entriesOf(plugins: unknown, parentKey: string, tools: PluginTools): Entry[] {
    const resolved = resolveReferences((plugins ?? {}) as Record<string, Conf>, tools.env);
    const entries = Object.entries(resolved).map(([name, conf]): Entry => {
        const handlers = handlersOf(name, conf, parentKey, tools);
        const meta = (conf._meta ?? {}) as Conf;
        checkFields(`_meta of plugin ${name}`, meta, META, []);
        return {
            name,
            priority: (meta.priority as number | undefined) ?? pluginNamed(name).priority,
            handlers,
            filter: meta.filter === undefined ? undefined : compileExpr(meta.filter),
            before: preFunction(name, conf, meta, tools),
            errorResponse: meta.error_response as string | object | undefined,
        };
    });
    return byPriority(entries);
}

const byPriority = (entries: Entry[]) => entries.sort((a, b) => b.priority - a.priority);

/** Merges plugins by name; later ones win. */
export function mergeEntries(...lists: Entry[][]): Entry[] {
    return byPriority([...new Map(lists.flat().map((entry) => [entry.name, entry])).values()]);
}

const ALL: readonly LuaPhase[] = ["rewrite", "access", "header_filter", "body_filter", "log"];

/** Phases of the plugins for which the emulator supports `_meta.pre_function`. */
const PRE_FUNCTION_PHASES: Record<string, readonly LuaPhase[]> = {
    "fault-injection": ["rewrite"],
    "serverless-post-function": ALL,
};

/**
 * `_meta.pre_function`, which runs right before each phase of its plugin. Facts: `run_meta_pre_function` of apisix/plugin.lua:
 * if the function throws an error, the error is logged, and the request continues.
 */
function preFunction(plugin: string, conf: Conf, meta: Conf, { lua, log }: PluginTools): Entry["before"] {
    if (typeof meta.pre_function !== "string") return undefined;
    const phases = PRE_FUNCTION_PHASES[plugin];
    if (!phases) throw new Unsupported(`_meta.pre_function of plugin ${plugin}`);
    const id = lua.load(conf, [meta.pre_function]);
    return (ctx, phase, chunk) => {
        const request: LuaRequest = { ctx, phase, chunk };
        if (!phases.includes(phase)) return undefined;
        try {
            lua.run(id, request);
        } catch (error) {
            if (error instanceof Unsupported && !ctx.answer.headersSent) throw error;
            if (error instanceof Unsupported) ctx.answer.destroy();
            log(`pre_function execution for plugin ${plugin} failed: ${(error as Error).message}`);
        }
        return request.chunk;
    };
}

/** Resolves $env://NAME in the configuration of plugins. As in APISIX, a reference that does not resolve stays as it is. */
function resolveReferences<T>(value: T, env: Record<string, string | undefined>): T {
    if (typeof value === "string") return (env[/^\$env:\/\/(\w+)$/i.exec(value)?.[1] ?? ""] ?? value) as T;
    if (Array.isArray(value)) return value.map((one) => resolveReferences(one as unknown, env)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolveReferences(v as unknown, env)])) as T;
}
