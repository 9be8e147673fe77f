import { bytes } from "../http/headers";
import { compileExpr } from "../lua/expr";
import { compilePcre, expandReplacement } from "../lua/pcre";
import { withoutVariables } from "../request/variables";
import { definePlugin, only, OBJECT, TEXT } from "./plugin";

interface ResponseRewriteConf {
    headers: { set: Record<string, string> };
    vars: unknown[];
    filters: { regex: string; replace: string; options: string }[];
}

const filter = {
    ...OBJECT,
    properties: { regex: TEXT, scope: only("once"), replace: { type: "string", pattern: "^([^$]|\\$[0-9$])*$" } },
    required: ["regex", "scope", "replace", "options"],
};

export const responseRewrite = definePlugin<ResponseRewriteConf>({
    name: "response-rewrite",
    priority: 899,
    fields: {
        headers: { ...OBJECT, required: ["set"], properties: { add: { not: {} }, remove: { not: {} } } },
        vars: { type: "array" },
        filters: { type: "array", minItems: 1, items: filter },
    },
    required: ["headers", "vars", "filters"],
    create: ({ headers: { set }, vars, filters }) => {
        const condition = compileExpr(vars);
        for (const text of Object.values(set)) withoutVariables(text);
        const compiled = filters.map(({ regex, options, replace }) => ({
            regex: compilePcre(bytes(regex), options),
            replace: bytes(replace),
        }));
        const note = {};
        return {
            headerFilter(ctx) {
                ctx.notes.set(note, condition(ctx.lookup));
                if (ctx.notes.get(note) !== true) return;
                for (const name of ["Content-Length", "Content-Encoding", "Last-Modified", "ETag"])
                    ctx.response.delete(name);
                for (const [name, value] of Object.entries(set)) ctx.response.set(name, value);
            },
            wantsBody: (ctx) => ctx.notes.get(note) === true,
            bodyFilter(_, original) {
                let text = original.toString("latin1");
                for (const { regex, replace } of compiled)
                    text = text.replace(regex, (...args: unknown[]) =>
                        // the groups are the arguments before the only number, the offset
                        expandReplacement(
                            replace,
                            args.slice(
                                0,
                                args.findIndex((one) => typeof one === "number"),
                            ) as string[],
                        ),
                    );
                return Buffer.from(text, "latin1");
            },
        };
    },
});
