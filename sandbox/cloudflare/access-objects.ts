/** Tunnels, Access and tokens: what belongs to the account. See objects.ts. */
import type { Json, JsonObject } from "./json";

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

/** A token for the API itself. */
export interface ApiToken {
    id: string;
    value: string;
    /** Whose it is: each kind is verified at its own route. @default "user" */
    owner?: "user" | "account";
    /** Names of permission groups ("DNS Write"; Write includes Read). @default all of them */
    permissions?: string[];
    /** Names of the zones it is limited to. @default all of the account */
    zones?: string[];
}
