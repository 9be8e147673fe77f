/**
 * Objects in a Cloudflare account, with the field names of the API, so that answers can contain the objects as stored. Times are
 * RFC 3339 texts. Fields that the API never returns are marked "Internal". What a client can write is a schema, `…Body`.
 */
import { z } from "zod";
import { goDuration } from "./durations";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

const name = z.string().min(1);
/** Fields that the real provider sends with these values only. */
const never = z.literal(false).optional();
const none = z.array(z.string()).max(0).optional();
const duration = z.string().refine((text) => (goDuration(text) ?? 0) > 0, { error: "must be a duration like 24h" });
interface Times {
    created_at: string;
    updated_at: string;
}

export interface Zone {
    id: string;
    name: string;
    type: "full";
    paused: boolean;
    /** `pending` until the parent zone has exactly `name_servers`; `moved` when the parent zone no longer has them. */
    status: "pending" | "active" | "moved";
    name_servers: string[];
    created_on: string;
    modified_on: string;
    activated_on: string | null;
    plan: Plan;
    /** Internal: values of settings.ts by id. */
    settings: Record<string, Json>;
    /** Internal. `pending` and `pending-disabled` until the parent zone has, or no longer has, the DS record. */
    dnssec: {
        status: "disabled" | "pending" | "active" | "pending-disabled";
        modified_on: string | null;
        /** Key of the zone, created when signing is turned on. */
        key?: DnssecKey;
    };
    /** Internal: edge certificates; empty until the first activation. `active_at`: time at which one becomes active. */
    certificate_packs: {
        id: string;
        type: "universal";
        hosts: string[];
        status: "initializing" | "pending_validation" | "active";
        active_at: string;
    }[];
    /** Internal: time of the next check of the delegation. */
    next_check: string;
}

/** An ECDSA P-256 key (algorithm 13), which is both the key-signing and the zone-signing key. */
export interface DnssecKey {
    public_key: string;
    key_tag: number;
    /** SHA-256 digest of the DS record, in upper-case hex. */
    digest: string;
    /** The DS record for the parent zone, in zone-file form. */
    ds: string;
}

export interface DnsRecord {
    id: string;
    /** FQDN in lower case without the final dot. */
    name: string;
    type: string;
    content: string;
    /** Fields of types such as CAA and SRV, from which `content` is computed. Unset for other types. */
    data?: Record<string, Json>;
    /** TTL in seconds; 1 means automatic, which DNS answers show as 300. */
    ttl: number;
    proxied: boolean;
    priority?: number;
    created_on: string;
    modified_on: string;
    [other: string]: Json | undefined;
}

const ruleBody = z.strictObject({
    ref: z.string().optional(),
    action: z.enum(["block", "skip"]),
    expression: z.string(),
    description: z.string().default(""),
    enabled: z.boolean().default(true),
    action_parameters: z
        .strictObject({
            response: z
                .strictObject({ status_code: z.number(), content_type: z.string(), content: z.string() })
                .optional(),
            products: z.array(z.enum(["bic", "securityLevel"])).optional(),
        })
        .optional(),
    ratelimit: z
        .strictObject({
            characteristics: z
                .array(z.string())
                .refine((list) => [...list].sort().join() === "cf.colo.id,ip.src", "must be cf.colo.id and ip.src"),
            period: z.number().int().min(10),
            requests_per_period: z.number().int().min(1),
            mitigation_timeout: z.number().int().min(0).default(0),
            requests_to_origin: z.literal(false).optional(),
        })
        .optional(),
    // Clients copy these fields from an answer.
    ...{ id: z.string().optional(), version: z.string().optional(), last_updated: z.string().optional() },
});
export const rulesetBody = z.strictObject({
    name: z.string(),
    kind: z.literal("zone"),
    phase: z.enum(["http_ratelimit", "http_request_firewall_custom"]),
    description: z.literal("").optional(),
    rules: z.array(ruleBody).default([]),
});
/** `ref` identifies the rule in updates. */
export type RulesetRule = z.infer<typeof ruleBody> & { id: string; ref: string };
export interface Ruleset extends Omit<z.infer<typeof rulesetBody>, "rules" | "description"> {
    id: string;
    /** Internal. */
    zone_id: string;
    rules: RulesetRule[];
}

export const notificationBody = z.strictObject({
    name,
    alert_type: z.literal("expiring_service_token_alert"),
    enabled: z.literal(true).default(true),
    mechanisms: z.strictObject({ email: z.array(z.strictObject({ id: z.email() })).min(1) }),
});
export type NotificationPolicy = z.infer<typeof notificationBody> & { id: string };

export interface Tunnel {
    id: string;
    name: string;
    created_at: string;
    /** null until the tunnel is deleted. A deleted tunnel can be read, but not connected. Its name is free again. */
    deleted_at: string | null;
    connections: TunnelConnection[];
    conns_active_at: string | null;
    /** Internal, except as part of the token: base64 of 32 bytes. */
    secret: string;
    /** Internal: ingress rules. Without them, the connector answers 503. */
    configuration?: TunnelConfiguration;
}

export interface TunnelConnection {
    id: string;
    /** Id of the running connector. Each connector has four connections. */
    client_id: string;
    client_version: string;
    colo_name: string;
    origin_ip: string;
    opened_at: string;
    is_pending_reconnect: boolean;
}

export interface TunnelConfiguration {
    /** Number of PUT requests that have set the configuration so far. */
    version: number;
    /** The configuration exactly as the client sent it. */
    config: { ingress: IngressRule[] };
}
interface IngressRule {
    hostname?: string | null;
    path?: string | null;
    service: string;
    originRequest?: {
        access?: { audTag?: string[] | null; teamName: string; required?: boolean | null } | null;
        /** Time limit of a connection to the origin, in seconds. */
        connectTimeout?: number | null;
    } | null;
}

export const tokenBody = z.strictObject({
    name,
    duration: z.union([z.literal("forever"), duration]).default("8760h"),
    client_secret_version: z.number().int().min(1).optional(),
    previous_client_secret_expires_at: z.iso.datetime({ offset: true }).optional(),
    enabled: z.boolean().default(true),
});
export interface ServiceToken extends z.infer<typeof tokenBody>, Times {
    /** UUID, by which policies refer to the token. */
    id: string;
    /** `<32 hex digits>.access`. Callers send it with the secret, and the JWT contains it as the claim `common_name`. */
    client_id: string;
    /** Internal, except in the answer to a request that creates it. */
    client_secret: string;
    client_secret_version: number;
    /** Internal: secret before the last rotation, accepted until `previous_client_secret_expires_at`. */
    previous_client_secret?: string;
    expires_at: string;
}

const empty = z.strictObject({}).optional();
const selector = z
    .strictObject({
        service_token: z.strictObject({ token_id: z.string() }).optional(),
        ...{ any_valid_service_token: empty, everyone: empty },
    })
    .refine((given) => Object.keys(given).length === 1, "must have one selector");
export type Selector = z.infer<typeof selector>;
export const policyBody = z.strictObject({
    name,
    decision: z.enum(["allow", "deny", "non_identity", "bypass"]),
    include: z.array(selector).min(1),
    ...{ exclude: z.array(selector).default([]), require: z.array(selector).default([]) },
    session_duration: duration.optional(),
    ...{ approval_required: never, isolation_required: never, purpose_justification_required: never },
});
export type AccessPolicy = z.infer<typeof policyBody> & Times & { id: string };

export const applicationBody = z.strictObject({
    name,
    type: z.literal("self_hosted"),
    domain: z.string().optional(),
    destinations: z.array(z.strictObject({ type: z.literal("public").default("public"), uri: z.string() })).optional(),
    self_hosted_domains: z.array(z.string()).optional(),
    /** Policies by their ids. The edge evaluates the lowest precedence first. */
    policies: z.array(z.strictObject({ id: z.string(), precedence: z.number().optional() })).default([]),
    session_duration: duration.default("24h"),
    app_launcher_visible: z.boolean().default(true),
    http_only_cookie_attribute: z.literal(true).default(true),
    service_auth_401_redirect: z.boolean().default(false),
    read_service_tokens_from_header: z.string().optional(),
    ...{ auto_redirect_to_identity: never, enable_binding_cookie: never, options_preflight_bypass: never },
    ...{ allowed_idps: none, tags: none },
});
type Application = Omit<z.infer<typeof applicationBody>, "destinations">;
export interface AccessApplication extends Application, Times {
    id: string;
    /** 64 hex digits. The JWT contains them as the claim `aud`. */
    aud: string;
    /** The main `host[/path]` of the application, which is also in `self_hosted_domains`. */
    domain: string;
    self_hosted_domains: string[];
    policies: { id: string; precedence: number }[];
}

export interface ApiToken {
    value: string;
    /** Names of permission groups, for example "DNS Write". Write includes Read. @default all permission groups */
    permissions?: string[];
}

/** The only module of a Worker. `id`: name of the Worker. The API returns `content` at a separate endpoint. */
export type WorkerScript = Record<"id" | "content" | "main_module" | "compatibility_date", string>;
/** `pattern`: `<hostname>/*`; `script`: name of the Worker; `zone_id` is internal. */
export type WorkerRoute = Record<"id" | "zone_id" | "pattern" | "script", string>;
