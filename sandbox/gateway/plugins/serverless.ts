/**
 * serverless-pre-function and serverless-post-function: Lua texts that each return a function for one phase.
 * Facts: apisix/plugins/serverless/init.lua (also its messages) and ten recorded requests. A run-time error ends a
 * request with nginx's 500; in header_filter it ends the connection without an answer (both from the source, not recorded).
 */
import { Unsupported } from "../unsupported";
import type { Context } from "../request/context";
import type { Conf, LuaPhase } from "../request/types";
import { definePlugin } from "./define";

type ServerlessConf = Conf & { phase: string; functions: string[] };

const PHASES = ["rewrite", "access", "header_filter", "body_filter", "log", "before_proxy"];
const EMULATED = PHASES.slice(0, 3);

function serverless(name: string, priority: number) {
    return definePlugin<ServerlessConf>({
        name,
        priority,
        schema: {
            type: "object",
            properties: {
                phase: { type: "string", default: "access", enum: PHASES },
                functions: { type: "array", items: { type: "string" }, minItems: 1 },
            },
            required: ["functions"],
        },
        check: ({ phase, functions }, _, tools) => {
            if (!EMULATED.includes(phase)) throw new Unsupported(`${name} in phase ${phase}`);
            for (const text of functions) {
                const problem = tools.lua.check(text);
                if (problem !== undefined) return problem;
            }
            return undefined;
        },
        create: (conf, _, { lua }) => {
            const id = lua.load(conf, conf.functions);
            const phase = conf.phase as LuaPhase;
            if (phase === "header_filter") return { headerFilter: (ctx) => void lua.run(id, { ctx, phase }) };
            return { [phase]: (ctx: Context) => lua.run(id, { ctx, phase }) };
        },
    });
}

export const serverlessPreFunction = serverless("serverless-pre-function", 10000);
export const serverlessPostFunction = serverless("serverless-post-function", -2000);
