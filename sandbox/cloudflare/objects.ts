/**
 * What a Cloudflare account holds, in the API's own field names, so that what is stored is what is answered. Fields marked
 * "never answered" exist in the account only. Times are RFC 3339 texts, as on the wire.
 */
import type { KeyObject } from "node:crypto";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

export interface Zone {
    id: string;
    name: string;
    type: string;
    paused: boolean;
    /** `pending` until the parent hands out exactly `name_servers`, then `active`; `moved` once it no longer does. */
    status: "pending" | "active" | "moved";
    /** The two names assigned at creation. */
    name_servers: string[];
    vanity_name_servers: string[];
    /** What the parent handed out when the zone was created; empty when nothing. */
    original_name_servers: string[];
    created_on: string;
    modified_on: string;
    activated_on: string | null;
    /** Never answered as such: `plan.legacy_id` of the answer. */
    plan: Plan;
    /** By id, only those that were set; see settings.ts for the defaults. Never answered with the zone. */
    settings: Map<string, ZoneSetting>;
    /** Never answered with the zone. */
    dnssec: Dnssec;
    /** Never answered with the zone. Empty until the zone was active for the first time. */
    certificate_packs: CertificatePack[];
    /** When the state last became pending or moved: the 28 and 7 days count from here. Never answered. */
    status_since: string;
    /** When Cloudflare looks at the delegation next by itself. Never answered. */
    next_check: string;
}

export interface ZoneSetting {
    value: Json;
    enabled?: boolean;
    modified_on: string;
}

export interface Dnssec {
    /** `pending` until the DS is at the parent; `pending-disabled` while it still is there after switching off. */
    status: "disabled" | "pending" | "active" | "pending-disabled";
    modified_on: string | null;
    dnssec_multi_signer: boolean;
    dnssec_presigned: boolean;
    dnssec_use_nsec3: boolean;
    /** Made when signing is switched on. */
    key?: DnssecKey;
}

/** One ECDSA P-256 key (algorithm 13) that is key-signing and zone-signing key at once. */
export interface DnssecKey {
    /** Never answered. */
    privateKey: KeyObject;
    public_key: string;
    key_tag: number;
    /** SHA-256, upper-case hex. */
    digest: string;
    /** The DS record in zone-file form. */
    ds: string;
}

export interface CertificatePack {
    id: string;
    type: "universal";
    hosts: string[];
    status: "initializing" | "pending_validation" | "active";
    certificate_authority: string;
    created_on: string;
    /** When it becomes active, if CAA records allow it. Never answered. */
    active_at: string;
}

export interface DnsRecord {
    id: string;
    /** FQDN in lower case without the final dot. */
    name: string;
    type: string;
    content: string;
    /** Only for types that are written as fields (CAA, SRV, …); `content` is then computed. */
    data?: JsonObject;
    /** 1 = automatic: answered as 300. */
    ttl: number;
    proxied: boolean;
    priority?: number;
    comment: string | null;
    tags: string[];
    settings: JsonObject;
    private_routing?: boolean;
    created_on: string;
    modified_on: string;
    comment_modified_on?: string;
    tags_modified_on?: string;
}

export interface Tunnel {
    id: string;
    name: string;
    /** "cloudflare": ingress rules come from `configuration`; "local": the connector has its own. */
    config_src: "local" | "cloudflare";
    created_at: string;
    /** Deleted tunnels stay readable; they take no connection and their name is free again. */
    deleted_at: string | null;
    connections: TunnelConnection[];
    conns_active_at: string | null;
    conns_inactive_at: string | null;
    /** Base64 of at least 32 bytes. Never answered, only inside the token. */
    secret: string;
    /** Never answered with the tunnel. Nothing yet: the connector answers 503. */
    configuration?: TunnelConfiguration;
}

export interface TunnelConnection {
    id: string;
    /** One per running connector (replica); four connections each. */
    client_id: string;
    client_version: string;
    colo_name: string;
    origin_ip: string;
    opened_at: string;
    is_pending_reconnect: boolean;
}

export interface TunnelConfiguration {
    /** 1 at the first PUT, then +1 at each. */
    version: number;
    /** Exactly as sent. */
    config: { ingress: IngressRule[]; originRequest?: OriginRequest | null };
    created_at: string;
}
export interface IngressRule {
    hostname?: string | null;
    path?: string | null;
    service: string;
    originRequest?: OriginRequest | null;
}
export interface OriginRequest {
    access?: { audTag?: string[] | null; teamName: string; required?: boolean | null } | null;
    httpHostHeader?: string | null;
    /** Seconds. */
    connectTimeout?: number | null;
    noTLSVerify?: boolean | null;
    [other: string]: unknown;
}

export interface ServiceToken {
    /** UUID: what policies name. */
    id: string;
    name: string;
    /** `<32 hex>.access`: what callers send, and `common_name` of the JWT. */
    client_id: string;
    /** Answered at creation and rotation only. */
    client_secret: string;
    client_secret_version: number;
    /** Accepted until `previous_client_secret_expires_at`. Never answered. */
    previous_client_secret?: string;
    previous_client_secret_expires_at: string | null;
    enabled: boolean;
    /** Go duration or "forever". */
    duration: string;
    expires_at: string;
    created_at: string;
    updated_at: string;
    /** Made below a zone instead of the account. Never answered. */
    zone_id?: string;
}

/** One key, the selector's name, as on the wire: `{ service_token: { token_id } }`, `{ any_valid_service_token: {} }`. */
export type Selector = { [selector: string]: JsonObject };

export interface AccessPolicy {
    id: string;
    name: string;
    decision: "allow" | "deny" | "non_identity" | "bypass";
    include: Selector[];
    exclude: Selector[];
    require: Selector[];
    /** false: written inside one application, and gone with it. */
    reusable: boolean;
    created_at: string;
    updated_at: string;
    /** session_duration and the rest, as sent. */
    [other: string]: Json | undefined;
}

export interface AccessApplication {
    id: string;
    name: string;
    type: "self_hosted";
    /** 64 hex: `aud` of the JWT. */
    aud: string;
    /** `host[/path]`; one of `self_hosted_domains`. */
    domain: string;
    /** All public `host[/path]`, at most 5; `*` stands for one label. */
    self_hosted_domains: string[];
    destinations: { type: "public"; uri: string }[];
    /** In `account.policies`; the lowest precedence is tried first. */
    policies: { id: string; precedence: number }[];
    session_duration: string;
    service_auth_401_redirect?: boolean;
    read_service_tokens_from_header?: string;
    created_at: string;
    updated_at: string;
    /** Never answered. */
    zone_id?: string;
    [other: string]: Json | undefined;
}

export interface Organization {
    name: string;
    /** `<team>.cloudflareaccess.com`: issuer of the JWT without the scheme. */
    auth_domain: string;
    strict_service_token_auth: boolean;
    session_duration: string;
    created_at: string;
    updated_at: string;
}

export interface Ruleset {
    id: string;
    /** Whose it is. Never answered. */
    zone_id?: string;
    name: string;
    kind: string;
    phase: string;
    description: string;
    version: string;
    last_updated: string;
    rules: RulesetRule[];
}
export interface RulesetRule {
    id: string;
    ref: string;
    version: string;
    action: string;
    expression: string;
    description: string;
    enabled: boolean;
    last_updated: string;
    action_parameters?: JsonObject;
    ratelimit?: RateLimit;
    logging?: JsonObject;
}
export interface RateLimit {
    characteristics: string[];
    period: number;
    requests_per_period?: number;
    mitigation_timeout: number;
    requests_to_origin: boolean;
    counting_expression?: string;
}

export interface Healthcheck {
    id: string;
    /** Never answered. */
    zone_id: string;
    name: string;
    address: string;
    type: string;
    [other: string]: Json;
}

export interface NotificationPolicy {
    id: string;
    name: string;
    alert_type: string;
    enabled: boolean;
    mechanisms: JsonObject;
    created: string;
    modified: string;
    [other: string]: Json;
}

/** A token for the API itself. */
export interface ApiToken {
    id: string;
    value: string;
    /** Names of permission groups ("DNS Write"; Write includes Read). @default all of them */
    permissions?: string[];
    /** Names of the zones it is limited to. @default all of the account */
    zones?: string[];
}
