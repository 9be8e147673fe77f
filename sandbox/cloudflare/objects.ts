/**
 * Types of the objects in a Cloudflare account. Field names are those of the API, so that answers can contain the objects as
 * stored. Times are RFC 3339 texts. Fields that the API never returns are marked "Internal".
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

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
    /** Internal. */
    dnssec: Dnssec;
    /** Internal: edge certificates; empty until the first activation. */
    certificate_packs: CertificatePack[];
    /** Internal: time of the last change of the status. */
    status_since: string;
    /** Internal: time of the next check of the delegation. */
    next_check: string;
}

interface Dnssec {
    /** `pending` and `pending-disabled` until the parent zone has, or no longer has, the DS record. */
    status: "disabled" | "pending" | "active" | "pending-disabled";
    modified_on: string | null;
    /** Key of the zone, created when signing is turned on. */
    key?: DnssecKey;
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

interface CertificatePack {
    id: string;
    type: "universal";
    hosts: string[];
    status: "initializing" | "pending_validation" | "active";
    /** Internal: time at which the certificate becomes active if CAA records allow it. */
    active_at: string;
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

export interface Ruleset {
    id: string;
    /** Internal. */
    zone_id: string;
    name: string;
    kind: "zone";
    phase: string;
    rules: RulesetRule[];
}
export interface RulesetRule {
    id: string;
    /** Identifies the rule in updates. */
    ref: string;
    action: string;
    expression: string;
    description: string;
    enabled: boolean;
    action_parameters?: {
        response?: { status_code: number; content_type: string; content: string };
        products?: string[];
    };
    ratelimit?: RateLimit;
}
interface RateLimit {
    characteristics: string[];
    period: number;
    requests_per_period: number;
    mitigation_timeout: number;
}

export interface NotificationPolicy {
    id: string;
    name: string;
    mechanisms: Json;
}

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
export interface IngressRule {
    hostname?: string | null;
    path?: string | null;
    service: string;
    originRequest?: {
        access?: { audTag?: string[] | null; teamName: string; required?: boolean | null } | null;
        /** Time limit of a connection to the origin, in seconds. */
        connectTimeout?: number | null;
    } | null;
}

export interface ServiceToken {
    /** UUID, by which policies refer to the token. */
    id: string;
    name: string;
    /** `<32 hex digits>.access`. Callers send it with the secret, and the JWT contains it as the claim `common_name`. */
    client_id: string;
    /** Internal, except in the answer to a request that creates it. */
    client_secret: string;
    client_secret_version: number;
    /** Internal: secret before the last rotation, accepted until `previous_client_secret_expires_at`. */
    previous_client_secret?: string;
    previous_client_secret_expires_at?: string;
    enabled: boolean;
    /** Lifetime of the token: a Go duration such as "8760h", or "forever". */
    duration: string;
    expires_at: string;
    created_at: string;
    updated_at: string;
}

/** An object with one key, the name of the selector, as in the API: for example `{ service_token: { token_id } }`. */
export type Selector = { [selector: string]: { [field: string]: string } };

export interface AccessPolicy {
    id: string;
    name: string;
    decision: "allow" | "deny" | "non_identity" | "bypass";
    include: Selector[];
    exclude: Selector[];
    require: Selector[];
    created_at: string;
    updated_at: string;
    [other: string]: Json | undefined;
}

export interface AccessApplication {
    id: string;
    name: string;
    type: "self_hosted";
    /** 64 hex digits. The JWT contains them as the claim `aud`. */
    aud: string;
    /** The main `host[/path]` of the application, which is also in `self_hosted_domains`. */
    domain: string;
    self_hosted_domains: string[];
    /** Policies by their ids in `account.policies`. The edge evaluates the lowest precedence first. */
    policies: { id: string; precedence: number }[];
    session_duration: string;
    service_auth_401_redirect?: boolean;
    read_service_tokens_from_header?: string;
    created_at: string;
    updated_at: string;
    [other: string]: Json | undefined;
}

export interface Organization {
    name: string;
    /** `<team>.cloudflareaccess.com`. The issuer of the JWT is `https://` followed by this name. */
    auth_domain: string;
    strict_service_token_auth: boolean;
    created_at: string;
}

export interface ApiToken {
    id: string;
    value: string;
    /** Names of permission groups, for example "DNS Write". Write includes Read. @default all permission groups */
    permissions?: string[];
}

export interface WorkerScript {
    /** The name, which is the id. */
    id: string;
    /** Internal: text and name of the only module. The API returns the text at a separate endpoint. */
    content: string;
    main_module: string;
    compatibility_date: string;
}

export interface WorkerRoute {
    id: string;
    /** Internal. */
    zone_id: string;
    /** `<hostname>/*` */
    pattern: string;
    /** Name of the Worker. */
    script: string;
}
