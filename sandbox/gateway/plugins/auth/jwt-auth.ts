import { z } from "zod";
import { NginxExit } from "../../http/nginx";
import type { Conf } from "../../request/types";
import { Unsupported } from "../../unsupported";
import { definePlugin, TEXT } from "../plugin";
import { attachConsumer, unauthorized } from "./attach";
import { ALGORITHMS, parseJwt, verifySignature, type Jwt } from "./jwt";

/**
 * jwt-auth reads the token from a header. Unsupported: from the query string and from a cookie, which this project disables by
 * names that neither can have; other claims to verify than `exp`.
 */
export const jwtAuth = definePlugin({
    name: "jwt-auth",
    priority: 2510,
    credential: z.strictObject({
        key: TEXT,
        secret: TEXT.optional(),
        public_key: TEXT.optional(),
        algorithm: z.enum(ALGORITHMS).optional(),
    }),
    schema: z.strictObject({
        header: TEXT.default("authorization"),
        query: z.literal("").optional(),
        cookie: z.literal("=").optional(),
        hide_credentials: z.boolean().optional(),
        claims_to_verify: z.tuple([z.literal("exp")]),
    }),
    create: ({ header, query, cookie, hide_credentials: hide }, _, tools) => ({
        rewrite(ctx) {
            const refuse = (message: string) => unauthorized(ctx, 'Bearer realm="jwt"', message);
            const value = ctx.header(header);
            const mayBeElsewhere =
                (query === undefined && ctx.target.args !== undefined) ||
                (cookie === undefined && ctx.headers.has("cookie"));
            if (value === undefined && mayBeElsewhere)
                throw new Unsupported("jwt-auth with a query string or a cookie");
            if (value === undefined) return refuse("Missing JWT token in request");
            if (hide) ctx.headers.delete(header); // even an invalid one
            const jwt = parseJwt(value.replace(/^[Bb]earer /, ""));
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
    return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function verified(jwt: Jwt, { algorithm = "HS256", secret, public_key: publicKey }: Conf): boolean {
    // APISIX compares the algorithms since 3.17, to prevent algorithm confusion.
    if (field(jwt.header, "alg") !== algorithm) return false;
    const key = algorithm === "HS256" ? secret : publicKey;
    if (typeof key !== "string" || !verifySignature(jwt, String(algorithm), key)) return false;
    const exp = field(jwt.claims, "exp");
    return typeof exp === "number" && exp > Math.floor(Date.now() / 1000);
}
