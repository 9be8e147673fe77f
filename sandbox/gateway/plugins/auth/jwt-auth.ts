import type { Context } from "../../request/context";
import { NginxExit } from "../../http/nginx";
import type { Conf } from "../../request/types";
import { Unsupported } from "../../unsupported";
import { definePlugin, FLAG, only, TEXT } from "../plugin";
import { attachConsumer, unauthorized } from "./attach";
import { ALGORITHMS, parseJwt, verifySignature, type Jwt } from "./jwt";

interface JwtAuthConf {
    header?: string;
    query?: string;
    cookie?: string;
    hide_credentials?: boolean;
    claims_to_verify: string[];
}

/**
 * jwt-auth reads the token from a header. Unsupported: from the query string and from a cookie, which this project disables by
 * names that neither can have; other claims to verify than `exp`.
 */
export const jwtAuth = definePlugin<JwtAuthConf>({
    name: "jwt-auth",
    priority: 2510,
    credential: {
        fields: { key: TEXT, secret: TEXT, public_key: TEXT, algorithm: { enum: ALGORITHMS } },
        required: ["key"],
    },
    fields: {
        header: TEXT,
        query: { type: "string", maxLength: 0 },
        cookie: only("="),
        hide_credentials: FLAG,
        claims_to_verify: { type: "array", minItems: 1, maxItems: 1, items: only("exp") },
    },
    required: ["claims_to_verify"],
    create: (conf, _, tools) => ({
        rewrite(ctx) {
            const refuse = (message: string) => unauthorized(ctx, 'Bearer realm="jwt"', message);
            const token = takeToken(ctx, conf);
            if (token === undefined) return refuse("Missing JWT token in request");
            const jwt = parseJwt(token);
            if (!jwt) return refuse("JWT token invalid");
            field(jwt.header, "alg"); // APISIX reads the algorithm before the claims, to log it
            const name = field(jwt.claims, "key");
            if (name === undefined || name === false) return refuse("missing user key in JWT token");
            const consumer = typeof name === "string" ? tools.findConsumer("jwt-auth", name) : undefined;
            if (!consumer) return refuse("Invalid user key in JWT token");
            if (!verified(jwt, consumer.auth)) return refuse("failed to verify jwt");
            attachConsumer(ctx, consumer);
            return undefined;
        },
    }),
});

/** Reads a field of a decoded value as Lua does. A number, true or null has no fields: reading one throws an error (500). */
function field(value: unknown, name: string): unknown {
    if (typeof value === "string" || Array.isArray(value)) return undefined;
    if (typeof value !== "object" || value === null) throw new NginxExit(500);
    return (value as Record<string, unknown>)[name];
}

/** Returns the token of the request. With hide_credentials it also removes the token from the request, even an invalid one. */
function takeToken(ctx: Context, conf: JwtAuthConf): string | undefined {
    const { header: name = "authorization", query, cookie, hide_credentials: hide } = conf;
    const header = ctx.header(name);
    if (header !== undefined) {
        if (hide) ctx.headers.delete(name);
        return header.replace(/^[Bb]earer /, "");
    }
    if ((query === undefined && ctx.args !== undefined) || (cookie === undefined && ctx.headers.has("cookie")))
        throw new Unsupported("jwt-auth with a query string or a cookie");
    return undefined;
}

function verified(jwt: Jwt, { algorithm = "HS256", secret, public_key: publicKey }: Conf): boolean {
    // APISIX compares the algorithms since 3.17, to prevent algorithm confusion.
    if (field(jwt.header, "alg") !== algorithm) return false;
    const key = algorithm === "HS256" ? secret : publicKey;
    if (typeof key !== "string" || !verifySignature(jwt, String(algorithm), key)) return false;
    const exp = field(jwt.claims, "exp");
    return typeof exp === "number" && exp > Math.floor(Date.now() / 1000);
}
