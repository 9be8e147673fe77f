/**
 * serverless-pre-function and serverless-post-function: Lua texts that each return a function for one phase. The first answer
 * of a function ends the request.
 * Facts: apisix/plugins/serverless/init.lua. A run-time error ends a request with nginx's 500; in header_filter it ends the
 * connection without an answer (both from the source).
 */
import { z } from "zod";
import type { Context } from "../request/context";
import type { Exit } from "../request/types";
import { loadLua, runLua } from "../serverless/machine";
import { definePlugin } from "./plugin";

function serverless(name: string, priority: number) {
    return definePlugin({
        name,
        priority,
        // Functions read other fields.
        schema: z.looseObject({
            phase: z.enum(["rewrite", "access", "header_filter"]),
            functions: z.array(z.string()).min(1),
        }),
        create: (conf) => {
            const { phase } = conf;
            const ids = conf.functions.map((text) => loadLua(text, conf));
            const run = (ctx: Context) =>
                ids.reduce<Exit | undefined>((exit, id) => exit ?? runLua(id, { ctx, phase }), undefined);
            return phase === "header_filter" ? { headerFilter: (ctx) => void run(ctx) } : { [phase]: run };
        },
    });
}

export const serverlessPreFunction = serverless("serverless-pre-function", 10000);
export const serverlessPostFunction = serverless("serverless-post-function", -2000);
