import type { Context } from "../request/context";
import { compilePcre } from "../lua/pcre";
import { Unsupported } from "../unsupported";
import { definePlugin } from "./define";

interface CorsConf {
    allow_origins: string;
    allow_methods: string;
    allow_headers: string;
    expose_headers?: string;
    max_age: number;
    allow_credential?: boolean;
    allow_origins_by_regex?: string[];
    allow_origins_by_metadata?: string[];
    timing_allow_origins?: string;
    timing_allow_origins_by_regex?: string[];
}

const regexes = {
    type: "array",
    items: { type: "string", minLength: 1, maxLength: 4096 },
    minItems: 1,
    uniqueItems: true,
};
const ORIGINS = "^(\\*|\\*\\*|null|\\w+://[^,]+(,\\w+://[^,]+)*)$";
const ALL_METHODS = "GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE";

/**
 * cors answers every OPTIONS request itself, before authentication. For an origin that is not allowed, it leaves the upstream's
 * CORS headers unchanged.
 */
export const cors = definePlugin<CorsConf>({
    name: "cors",
    priority: 4000,
    schema: {
        type: "object",
        properties: {
            allow_origins: { type: "string", pattern: ORIGINS, default: "*" },
            allow_methods: { type: "string", default: "*" },
            allow_headers: { type: "string", default: "*" },
            expose_headers: { type: "string" },
            max_age: { type: "integer", default: 5 },
            allow_credential: { type: "boolean", default: false },
            allow_origins_by_regex: regexes,
            allow_origins_by_metadata: { ...regexes, items: { type: "string" } },
            timing_allow_origins: { type: "string", pattern: ORIGINS },
            timing_allow_origins_by_regex: regexes,
        },
    },
    check: (conf) => {
        if (conf.allow_origins_by_metadata) throw new Unsupported("cors allow_origins_by_metadata");
        if (conf.timing_allow_origins ?? conf.timing_allow_origins_by_regex)
            throw new Unsupported("cors timing_allow_origins");
        const stars = [conf.allow_origins, conf.allow_methods, conf.allow_headers, conf.expose_headers];
        if (conf.allow_credential && stars.includes("*"))
            return "you can not set '*' for other option when 'allow_credential' is true";
        for (const regex of conf.allow_origins_by_regex ?? []) compilePcre(regex);
        return undefined;
    },
    create: (conf) => {
        const note = {};
        const regexList = conf.allow_origins_by_regex?.map((r) => compilePcre(r));
        const listed = conf.allow_origins.includes(",") ? conf.allow_origins.split(",") : undefined;

        const allowedOrigin = (origin: string | undefined): string | undefined => {
            if (regexList) return origin !== undefined && regexList.some((r) => r?.test(origin)) ? origin : undefined;
            if (conf.allow_origins === "**") return origin ?? "*";
            if (listed) return origin !== undefined && listed.includes(origin) ? origin : undefined;
            return conf.allow_origins === "*" || conf.allow_origins === origin ? conf.allow_origins : undefined;
        };
        const setHeaders = (ctx: Context, origin: string) => {
            ctx.response.set("Access-Control-Allow-Origin", origin);
            ctx.response.set(
                "Access-Control-Allow-Methods",
                conf.allow_methods === "**" ? ALL_METHODS : conf.allow_methods,
            );
            ctx.response.set("Access-Control-Max-Age", String(conf.max_age));
            if (conf.expose_headers) ctx.response.set("Access-Control-Expose-Headers", conf.expose_headers);
            // If allow_headers is `**` and the request has no Access-Control-Request-Headers, `asked` is undefined, so
            // that set() removes the header that the upstream has sent.
            const asked = ctx.header("Access-Control-Request-Headers");
            ctx.response.set("Access-Control-Allow-Headers", conf.allow_headers === "**" ? asked : conf.allow_headers);
            if (conf.allow_credential) ctx.response.set("Access-Control-Allow-Credentials", "true");
        };
        return {
            rewrite(ctx) {
                ctx.notes.set(note, ctx.header("Origin"));
                return ctx.method === "OPTIONS" ? { code: 200 } : undefined;
            },
            headerFilter(ctx) {
                if (conf.allow_origins !== "*") ctx.response.add("Vary", "Origin");
                const origin = allowedOrigin(ctx.notes.get(note) as string | undefined);
                if (origin !== undefined) setHeaders(ctx, origin);
            },
        };
    },
});
