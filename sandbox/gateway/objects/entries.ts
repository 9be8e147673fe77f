/** Creates the plugins of an object from their configurations, which it checks first. */
import { z } from "zod";
import { compileExpr } from "../lua/expr";
import { PLUGINS } from "../plugins/index";
import { Invalid, read, type Plugin, type PluginTools } from "../plugins/plugin";
import type { Conf, Entry, Handlers, LuaPhase } from "../request/types";
import { loadLua, runLua, type LuaRequest } from "../serverless/machine";
import { Unsupported } from "../unsupported";

const META = z.strictObject({
    error_response: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    priority: z.int().optional(),
    filter: z.array(z.unknown()).optional(),
    pre_function: z.string().optional(),
});

function pluginNamed(name: string): Plugin {
    const plugin = PLUGINS.get(name);
    if (!plugin) throw new Unsupported(`plugin ${name}`);
    return plugin;
}

/** Whether a plugin authenticates callers. */
export const isAuth = (name: string) => PLUGINS.get(name)?.credential !== undefined;

/** Creates the handlers of a plugin. @throws Unsupported, Invalid */
export function handlersOf(name: string, { _meta, ...conf }: Conf, parentKey: string, tools: PluginTools): Handlers {
    const plugin = pluginNamed(name);
    return plugin.create(read(`plugin ${name}`, plugin.schema, conf), parentKey, tools);
}

/** Checks the configuration of an auth plugin in a credential or a consumer. @throws Unsupported, Invalid */
export function checkCredential(name: string, conf: unknown): void {
    const { credential } = pluginNamed(name);
    if (!credential) throw new Invalid("only supports auth type plugins in consumer credential");
    const { key } = read(`plugin ${name}`, credential, conf) as { key: string };
    if (/^\$(secret|env):\/\//i.test(key)) throw new Unsupported("references in credentials");
}

/** Plugins in order of priority. @param parentKey key of the object that has the plugins, for example "/routes/r1" */
export function entriesOf(plugins: Record<string, unknown>, parentKey: string, tools: PluginTools): Entry[] {
    const resolved = resolveReferences(plugins, tools.env) as Record<string, Conf>;
    const entries = Object.entries(resolved).map(([name, conf]): Entry => {
        const handlers = handlersOf(name, conf, parentKey, tools);
        const meta = read(`_meta of plugin ${name}`, META, conf._meta ?? {});
        return {
            name,
            priority: meta.priority ?? pluginNamed(name).priority,
            handlers,
            filter: meta.filter && compileExpr(meta.filter),
            before: meta.pre_function === undefined ? undefined : preFunction(name, conf, meta.pre_function, tools),
            errorResponse: meta.error_response,
        };
    });
    return byPriority(entries);
}

const byPriority = (entries: Entry[]) => entries.sort((a, b) => b.priority - a.priority);

/** Merges plugins by name; later ones win. */
export function mergeEntries(...lists: Entry[][]): Entry[] {
    return byPriority([...new Map(lists.flat().map((entry) => [entry.name, entry])).values()]);
}

/** Phases of the plugins for which the emulator supports `_meta.pre_function`. */
const PRE_FUNCTION_PHASES: Record<string, readonly LuaPhase[]> = {
    "fault-injection": ["rewrite"],
    "serverless-post-function": ["rewrite", "access", "header_filter", "body_filter", "log"],
};

/**
 * `_meta.pre_function`, which runs right before each phase of its plugin. Facts: `run_meta_pre_function` of apisix/plugin.lua:
 * if the function throws an error, the error is logged, and the request continues.
 */
function preFunction(plugin: string, conf: Conf, text: string, { log }: PluginTools): Entry["before"] {
    const phases = PRE_FUNCTION_PHASES[plugin];
    if (!phases) throw new Unsupported(`_meta.pre_function of plugin ${plugin}`);
    const id = loadLua(text, conf);
    return (ctx, phase, chunk) => {
        const request: LuaRequest = { ctx, phase, chunk };
        if (!phases.includes(phase)) return undefined;
        try {
            runLua(id, request);
        } catch (error) {
            if (error instanceof Unsupported && !ctx.answer.headersSent) throw error;
            if (error instanceof Unsupported) ctx.answer.destroy();
            log(`pre_function execution for plugin ${plugin} failed: ${(error as Error).message}`);
        }
        return request.chunk;
    };
}

/** Resolves $env://NAME in the configuration of plugins. As in APISIX, a reference that does not resolve stays as it is. */
function resolveReferences(value: unknown, env: Record<string, string | undefined>): unknown {
    return JSON.parse(JSON.stringify(value), (_, one: unknown) =>
        typeof one === "string" ? (env[/^\$env:\/\/(\w+)$/i.exec(one)?.[1] ?? ""] ?? one) : one,
    );
}
