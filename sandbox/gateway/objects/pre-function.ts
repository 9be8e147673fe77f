/**
 * `_meta.pre_function`, which runs right before each phase of its plugin. Facts: `run_meta_pre_function` of apisix/plugin.lua:
 * if the function throws an error, the error is logged, and the request continues. Not emulated: its runs in the phase
 * before_proxy.
 */
import { Unsupported } from "../unsupported";
import type { PluginTools } from "../plugins/plugin";
import type { Conf, Entry, LuaPhase } from "../request/types";
import type { LuaRequest } from "../serverless/machine";

const ALL: readonly LuaPhase[] = ["rewrite", "access", "header_filter", "body_filter", "log"];

/** Phases of the plugins for which the emulator supports the function. */
export const PRE_FUNCTION_PHASES: Record<string, readonly LuaPhase[]> = {
    "fault-injection": ["rewrite"],
    "serverless-pre-function": ALL,
    "serverless-post-function": ALL,
};

export function preFunction(plugin: string, conf: Conf, { lua, log }: PluginTools): Entry["before"] {
    const text = (conf._meta as Conf | undefined)?.pre_function;
    if (typeof text !== "string") return undefined;
    const id = lua.load(conf, [text]);
    return (ctx, phase, chunk) => {
        const request: LuaRequest = { ctx, phase, chunk };
        if (!PRE_FUNCTION_PHASES[plugin].includes(phase)) return undefined;
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
