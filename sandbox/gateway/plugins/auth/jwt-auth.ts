import { decodeBase64 } from "../../lua/base64";
import type { Context } from "../../request/context";
import { bytes } from "../../http/headers";
import { NginxExit } from "../../http/nginx";
import type { Conf } from "../../request/types";
import { anonymousOr, attachConsumer } from "./attach";
import { definePlugin } from "../define";
import { ALGORITHMS, HMAC_ALGORITHMS, parseJwt, verifySignature, type Jwt } from "./jwt";

interface JwtAuthConf {
    header: string;
    query: string;
    cookie: string;
    realm: string;
    key_claim_name: string;
    hide_credentials?: boolean;
    anonymous_consumer?: string;
    claims_to_verify?: string[];
    store_in_ctx?: boolean;
}

interface JwtCredential {
    key: string;
    algorithm: string;
    secret?: string;
    public_key?: string;
    base64_secret?: boolean;
    lifetime_grace_period: number;
}

/**
 * jwt-auth looks for the token in the header, then in the query argument, then in the cookie. It uses the first of them that
 * exists, even if there is no token in it.
 */
export const jwtAuth = definePlugin<JwtAuthConf>({
    name: "jwt-auth",
    priority: 2510,
    auth: {
        keyField: "key",
        consumerSchema: {
            type: "object",
            properties: {
                key: { type: "string", minLength: 1 },
                secret: { type: "string", minLength: 1 },
                algorithm: { type: "string", enum: ALGORITHMS, default: "HS256" },
                exp: { type: "integer", minimum: 1, default: 86400 },
                base64_secret: { type: "boolean", default: false },
                lifetime_grace_period: { type: "integer", minimum: 0, default: 0 },
            },
            dependencies: {
                algorithm: {
                    oneOf: [
                        { properties: { algorithm: { enum: HMAC_ALGORITHMS, default: "HS256" } } },
                        {
                            properties: {
                                public_key: { type: "string" },
                                algorithm: { enum: ALGORITHMS.filter((a) => !HMAC_ALGORITHMS.includes(a)) },
                            },
                            required: ["public_key"],
                        },
                    ],
                },
            },
            required: ["key"],
        },
    },
    encryptFields: ["secret"],
    schema: {
        type: "object",
        properties: {
            header: { type: "string", default: "authorization" },
            query: { type: "string", default: "jwt" },
            cookie: { type: "string", default: "jwt" },
            realm: { type: "string", default: "jwt" },
            hide_credentials: { type: "boolean", default: false },
            key_claim_name: { type: "string", default: "key", minLength: 1 },
            store_in_ctx: { type: "boolean", default: false },
            anonymous_consumer: { type: "string", minLength: 1 },
            claims_to_verify: {
                type: "array",
                items: { type: "string", enum: ["exp", "nbf"] },
                uniqueItems: true,
            },
        },
    },
    check: (conf, kind) => {
        if (kind !== "consumer") return undefined;
        const credential = conf as unknown as JwtCredential;
        const hmac = HMAC_ALGORITHMS.includes(credential.algorithm);
        if (hmac && credential.secret === undefined)
            return 'property "secret" is required when using HS based algorithms';
        if (credential.base64_secret && !decodeBase64(credential.secret ?? ""))
            return "base64_secret required but the secret is not in base64 format";
        return undefined;
    },
    create: (conf, _, tools) => {
        const challenge = `Bearer realm="${conf.realm}"`;
        return {
            rewrite(ctx) {
                const refuse = (message: string) =>
                    anonymousOr(ctx, tools, conf.anonymous_consumer, challenge, message);
                const token = takeToken(ctx, conf);
                if (token === undefined) return refuse("Missing JWT token in request");
                const jwt = parseJwt(token);
                if (!jwt) return refuse("JWT token invalid");

                field(jwt.header, "alg"); // APISIX reads the algorithm before the claims, to log it
                const name = field(jwt.claims, bytes(conf.key_claim_name));
                if (name === undefined || name === false) return refuse("missing user key in JWT token");
                const consumer = typeof name === "string" ? tools.findConsumer("jwt-auth", "key", name) : undefined;
                if (!consumer) return refuse("Invalid user key in JWT token");
                if (!verified(jwt, consumer.auth, conf.claims_to_verify)) return refuse("failed to verify jwt");
                attachConsumer(ctx, consumer);
            },
        };
    },
});

/** Reads a field of a decoded value as Lua does. A number, true or null has no fields: reading one throws an error (500). */
function field(value: unknown, name: string): unknown {
    if (typeof value === "string" || Array.isArray(value)) return undefined;
    if (typeof value !== "object" || value === null) throw new NginxExit(500);
    return (value as Record<string, unknown>)[name];
}

/** Returns the token of the request. With hide_credentials it also removes the token from the request, even an invalid one. */
function takeToken(ctx: Context, conf: JwtAuthConf): string | undefined {
    const header = ctx.header(conf.header);
    if (header !== undefined) {
        if (conf.hide_credentials) ctx.headers.delete(conf.header);
        return /^[Bb]earer /.test(header) ? header.slice(7) : header;
    }
    const values = ctx.queryArgs.get(bytes(conf.query));
    if (values !== undefined) {
        if (conf.hide_credentials) ctx.removeQueryArg(bytes(conf.query));
        // a repeated argument, or one without a value, is not a token
        const [only] = values;
        return values.length === 1 && only !== true ? only : "";
    }
    const cookie = ctx.cookie(conf.cookie);
    if (cookie !== undefined && conf.hide_credentials) {
        const others = [...(ctx.headers.get("cookie") ?? "").matchAll(/([A-Za-z0-9-_]*)=([A-Za-z0-9-._]*)/g)];
        ctx.headers.set(
            "Cookie",
            others
                .filter(([, name]) => name !== conf.cookie)
                .map(([all]) => all)
                .join("; ") || undefined, // if no cookie is left, the value is undefined, which removes the header
        );
    }
    return cookie;
}

function verified(jwt: Jwt, conf: Conf, claims: string[] | undefined): boolean {
    const credential = conf as unknown as JwtCredential;
    // APISIX compares the algorithms since 3.17, to prevent algorithm confusion.
    if (field(jwt.header, "alg") !== credential.algorithm) return false;
    const hmac = HMAC_ALGORITHMS.includes(credential.algorithm);
    if (hmac && credential.secret === undefined) return false; // the secret is a reference that has no value
    const text = credential.secret ?? "";
    const secret = credential.base64_secret ? decodeBase64(text) : Buffer.from(text);
    if (!secret) return false;
    if (!verifySignature(jwt, credential.algorithm, hmac ? secret : (credential.public_key ?? ""))) return false;

    const listed = claims && claims.length > 0 ? claims : undefined;
    const now = Math.floor(Date.now() / 1000);
    const grace = credential.lifetime_grace_period;
    for (const claim of listed ?? ["exp", "nbf"]) {
        const value = field(jwt.claims, claim);
        if (value === undefined) {
            if (listed) return false; // a claim of claims_to_verify is required
            continue;
        }
        if (typeof value !== "number") return false;
        const holds = claim === "exp" ? value > now - grace : value < now + grace; // NaN never holds
        if (!holds) return false;
    }
    return true;
}
