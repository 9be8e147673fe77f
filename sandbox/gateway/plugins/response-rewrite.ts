import { decodeBase64 } from "../lua/base64";
import { compileExpr } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { compilePcre, expandReplacement, isReplacement } from "../lua/pcre";
import { definePlugin } from "./define";

type Values = Record<string, string | number>;
type HeaderOperations = { add?: string[]; set?: Values; remove?: string[] };

interface ResponseRewriteConf {
    status_code?: number;
    headers?: HeaderOperations | Values;
    body?: string;
    body_base64?: boolean;
    vars?: unknown[];
    filters?: { regex: string; scope: "once" | "global"; replace: string; options: string }[];
}

const values = {
    type: "object",
    minProperties: 1,
    patternProperties: { "^[^:]+$": { oneOf: [{ type: "string" }, { type: "number" }] } },
};

/**
 * response-rewrite. As in APISIX, the result of `vars` is stored once per request, not once per instance. If a global rule
 * has a second instance of the plugin, the later result is used for both instances.
 */
export const responseRewrite = definePlugin<ResponseRewriteConf>({
    name: "response-rewrite",
    priority: 899,
    schema: {
        type: "object",
        properties: {
            headers: {
                anyOf: [
                    {
                        type: "object",
                        properties: {
                            add: {
                                type: "array",
                                minItems: 1,
                                items: { type: "string", pattern: "^[^:]+:[^:]*[^/]$" },
                            },
                            set: values,
                            remove: { type: "array", minItems: 1, items: { type: "string", pattern: "^[^:]+$" } },
                        },
                        additionalProperties: false,
                    },
                    values,
                ],
            },
            body: { type: "string" },
            body_base64: { type: "boolean", default: false },
            status_code: { type: "integer", minimum: 200, maximum: 598 },
            vars: { type: "array" },
            filters: {
                type: "array",
                minItems: 1,
                items: {
                    type: "object",
                    required: ["regex", "replace"],
                    properties: {
                        regex: { type: "string", minLength: 1 },
                        scope: { type: "string", enum: ["once", "global"], default: "once" },
                        replace: { type: "string" },
                        options: { type: "string", default: "jo" },
                    },
                },
            },
        },
        dependencies: { body: { not: { required: ["filters"] } }, filters: { not: { required: ["body"] } } },
    },
    check: (conf) => {
        if (conf.body_base64 && (!conf.body || !decodeBase64(conf.body))) return "invalid base64 content";
        for (const { regex, options, replace } of conf.filters ?? []) {
            compilePcre(bytes(regex), options);
            if (!isReplacement(replace)) throw new Unsupported(`response-rewrite with the replacement ${replace}`);
        }
        const compiled = conf.vars && compileExpr(conf.vars);
        return compiled && "error" in compiled
            ? `failed to validate the 'vars' expression: ${compiled.error}`
            : undefined;
    },
    create: (conf) => {
        const compiled = conf.vars && compileExpr(conf.vars);
        const condition = compiled && "condition" in compiled ? compiled.condition : () => true;
        const headers = operations(conf.headers);
        const filters = (conf.filters ?? []).map((f) => ({ ...f, compiled: compilePcre(bytes(f.regex), f.options) }));
        const { body: text } = conf;
        const body = text === undefined ? undefined : conf.body_base64 ? decodeBase64(text) : Buffer.from(text);
        return {
            headerFilter(ctx) {
                ctx.responseRewriteMatched = condition(ctx.lookup);
                if (!ctx.responseRewriteMatched) return;
                if (conf.status_code !== undefined) ctx.status = conf.status_code;
                if (body || filters.length > 0)
                    for (const name of ["Content-Length", "Content-Encoding", "Last-Modified", "ETag"])
                        ctx.response.delete(name);
                for (const line of headers.add ?? []) {
                    const colon = line.indexOf(":");
                    ctx.response.add(line.slice(0, colon).trim(), ctx.resolve(line.slice(colon + 1).trim()).text);
                }
                for (const [name, value] of Object.entries(headers.set ?? {}))
                    ctx.response.set(name, ctx.resolve(String(value)).text);
                for (const name of headers.remove ?? []) ctx.response.delete(name);
            },
            wantsBody: (ctx) => ctx.responseRewriteMatched && (body !== undefined || filters.length > 0),
            bodyFilter(ctx, original) {
                if (!ctx.responseRewriteMatched) return original;
                if (filters.length === 0) return body ?? original;
                let text = original.toString("latin1");
                for (const { compiled: regex, scope, replace } of filters) {
                    if (!regex) continue; // an invalid expression, which the Admin API accepts, has no effect
                    const flags = regex.flags + (scope === "global" ? "g" : "");
                    text = text.replace(new RegExp(regex.source, flags), (...args: unknown[]) =>
                        expandReplacement(bytes(replace), args.slice(0, groupCount(args)) as string[]),
                    );
                }
                return Buffer.from(text, "latin1");
            },
        };
    },
});

/**
 * Counts the arguments of a replace callback before the offset: the match and its groups. Only the offset is a number, so
 * its position is the count.
 */
function groupCount(args: unknown[]): number {
    return args.findIndex((a) => typeof a === "number");
}

function operations(headers: HeaderOperations | Values | undefined): HeaderOperations {
    if (headers === undefined) return {};
    const given = headers as HeaderOperations;
    const isNew = (["add", "set", "remove"] as const).some((key) => typeof given[key] === "object");
    return isNew ? given : { set: headers as Values };
}
