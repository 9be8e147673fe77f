import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { compilePcre, expandReplacement, isReplacement } from "../lua/pcre";
import { escapePath } from "../http/uri";
import { definePlugin } from "./define";

type Values = Record<string, string | number>;
type HeaderOperations = { add?: Values; set?: Values; remove?: string[] };

interface ProxyRewriteConf {
    uri?: string;
    method?: string;
    regex_uri?: string[];
    host?: string;
    headers?: HeaderOperations | Values;
    use_real_request_uri_unsafe?: boolean;
}

const values = {
    type: "object",
    minProperties: 1,
    patternProperties: { "^[^:]+$": { oneOf: [{ type: "string" }, { type: "number" }] } },
};

/** proxy-rewrite: runs in the rewrite phase, so it runs before all access-phase plugins, whatever their priority. */
export const proxyRewrite = definePlugin<ProxyRewriteConf>({
    name: "proxy-rewrite",
    priority: 1008,
    schema: {
        type: "object",
        properties: {
            uri: { type: "string", minLength: 1, maxLength: 4096, pattern: "^\\/.*" },
            method: {
                type: "string",
                enum: [
                    ...["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "MKCOL", "COPY"],
                    ...["MOVE", "PROPFIND", "LOCK", "UNLOCK", "PATCH", "TRACE"],
                ],
            },
            regex_uri: { type: "array", minItems: 2, items: { type: "string" } },
            host: { type: "string", pattern: "^[0-9a-zA-Z-.]+(:\\d{1,5})?$" },
            headers: {
                anyOf: [
                    {
                        type: "object",
                        minProperties: 1,
                        additionalProperties: false,
                        properties: {
                            add: values,
                            set: values,
                            remove: { type: "array", minItems: 1, items: { type: "string", pattern: "^[^:]+$" } },
                        },
                    },
                    values,
                ],
            },
            use_real_request_uri_unsafe: { type: "boolean", default: false },
        },
        minProperties: 1,
    },
    check: ({ regex_uri: pairs = [], headers }) => {
        if (pairs.length % 2 !== 0) return "The length of regex_uri should be an even number";
        for (let i = 0; i < pairs.length; i += 2) {
            const invalid = `invalid regex_uri(${pairs[i]}, ${pairs[i + 1]})`;
            if (!compilePcre(bytes(pairs[i]))) return `${invalid}: bad regular expression`;
            if (!isReplacement(pairs[i + 1])) return `${invalid}: failed to compile the replacement template`;
        }
        const names = headers && !isOperations(headers) ? Object.keys(headers) : [];
        return names.includes("") ? "invalid field length in header" : undefined;
    },
    create: (conf) => {
        const { headers = {} } = conf;
        const operations: HeaderOperations = isOperations(headers) ? headers : { set: headers };
        const pairs = (conf.regex_uri ?? []).flatMap((text, i, all) =>
            i % 2 === 0 ? [{ regex: compilePcre(bytes(text)), replacement: bytes(all[i + 1]) }] : [],
        );
        return {
            rewrite(ctx) {
                if (conf.host !== undefined) ctx.upstreamHost = ctx.resolve(conf.host).text;
                const captures = rewritePath(ctx, conf, pairs);
                const value = (v: string | number) => ctx.resolveBytes(expandCaptures(bytes(String(v)), captures)).text;
                for (const [name, v] of Object.entries(operations.add ?? {})) ctx.headers.add(name, value(v));
                for (const [name, v] of Object.entries(operations.set ?? {}))
                    ctx.headers.set(name, value(v) || undefined); // an empty value removes a header
                for (const name of operations.remove ?? []) ctx.headers.delete(name);
                if (conf.method !== undefined) ctx.method = conf.method;
            },
        };
    },
});

function isOperations(headers: HeaderOperations | Values): headers is HeaderOperations {
    return (["add", "set", "remove"] as const).some((key) => typeof (headers as HeaderOperations)[key] === "object");
}

/**
 * Replaces $1 … in header values by the captures of regex_uri. If regex_uri did not match, the replacement is "". Variables
 * are replaced later.
 */
function expandCaptures(text: string, captures: readonly string[] | undefined): string {
    return text.replace(/(?<!\\)\$\{?(\d+)\}?/g, (_, number: string) => captures?.[Number(number)] ?? "");
}

/** Sets the upstream's path; returns the captures of the regex_uri pair that matched. */
function rewritePath(
    ctx: Context,
    conf: ProxyRewriteConf,
    pairs: { regex: RegExp | undefined; replacement: string }[],
): readonly string[] | undefined {
    const unsafe = conf.use_real_request_uri_unsafe ?? false;
    let path = unsafe ? String(ctx.lookup("real_request_uri")) : ctx.uri;
    let captures: readonly string[] | undefined;
    let separator = false; // a "?" in the result starts a query only if it comes from the configuration
    if (conf.uri !== undefined) {
        separator = true;
        path = ctx.resolveBytes(bytes(conf.uri), (value) => value.replace("?", "%3F")).text;
    } else if (pairs.length > 0) {
        separator = !path.includes("?");
        for (const { regex, replacement } of pairs) {
            const match = regex?.exec(path);
            if (!match) continue;
            captures = match;
            path =
                path.slice(0, match.index) +
                expandReplacement(replacement, match) +
                path.slice(match.index + match[0].length);
            break;
        }
    }
    if (unsafe) {
        ctx.upstreamUri = path;
        return captures;
    }
    const query = separator ? path.indexOf("?") : -1;
    const escaped = query < 0 ? escapePath(path) : escapePath(path.slice(0, query)) + path.slice(query);
    ctx.nginxUri = escaped; // ngx.req.set_uri also sets nginx's variable `uri`
    const own = ctx.args === undefined ? "" : `${query < 0 ? "?" : "&"}${ctx.args}`;
    ctx.upstreamUri = escaped + own;
    return captures;
}
