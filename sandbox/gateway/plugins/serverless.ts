/**
 * serverless-pre-function and serverless-post-function: Lua texts that each return a function for one phase.
 * Facts: apisix/plugins/serverless/init.lua. A run-time error ends a request with nginx's 500; in header_filter it ends the
 * connection without an answer (both from the source).
 */
import type { Context } from "../request/context";
import type { Conf, LuaPhase } from "../request/types";
import { definePlugin } from "./plugin";

type ServerlessConf = Conf & { phase: LuaPhase; functions: string[] };

function serverless(name: string, priority: number) {
    return definePlugin<ServerlessConf>({
        name,
        priority,
        fields: {
            phase: { enum: ["rewrite", "access", "header_filter"] },
            functions: { type: "array", items: { type: "string" }, minItems: 1 },
        },
        required: ["phase", "functions"],
        isOpen: true,
        create: (conf, _, { lua }) => {
            const id = lua.load(conf, conf.functions);
            const { phase } = conf;
            if (phase === "header_filter") return { headerFilter: (ctx) => void lua.run(id, { ctx, phase }) };
            return { [phase]: (ctx: Context) => lua.run(id, { ctx, phase }) };
        },
    });
}

export const serverlessPreFunction = serverless("serverless-pre-function", 10000);
export const serverlessPostFunction = serverless("serverless-post-function", -2000);
