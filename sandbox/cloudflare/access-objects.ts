/** Objects of the account: tunnels, Access and tokens. See objects.ts. */
import type { Json, JsonObject } from "./json";

export interface Tunnel {
    id: string;
    name: string;
    /** "cloudflare": ingress rules come from `configuration`; "local": the connector has its own file. */
    config_src: "local" | "cloudflare";
    created_at: string;
    /** A deleted tunnel can still be read. It accepts no connection, and its name is free again. */
    deleted_at: string | null;
    connections: TunnelConnection[];
    conns_active_at: string | null;
    conns_inactive_at: string | null;
    /** Base64 of at least 32 bytes. Never in answers, except inside the token. */
    secret: string;
    /** Never in answers about the tunnel. Without it, the connector answers 503. */
    configuration?: TunnelConfiguration;
}

export interface TunnelConnection {
    id: string;
    /** One per running connector (replica), with four connections each. */
    client_id: string;
    client_version: string;
    colo_name: string;
    origin_ip: string;
    opened_at: string;
    is_pending_reconnect: boolean;
}

export interface TunnelConfiguration {
    /** 1 after the first PUT, then +1 with each. */
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
    /** UUID, by which policies refer to the token. */
    id: string;
    name: string;
    /** `<32 hex>.access`: sent by callers, and the `common_name` of the JWT. */
    client_id: string;
    /** In answers only at creation and rotation. */
    client_secret: string;
    client_secret_version: number;
    /** Accepted until `previous_client_secret_expires_at`. Never in answers. */
    previous_client_secret?: string;
    previous_client_secret_expires_at: string | null;
    enabled: boolean;
    /** Go duration or "forever". */
    duration: string;
    expires_at: string;
    created_at: string;
    updated_at: string;
    /** Set for a token created below a zone instead of the account. Never in answers. */
    zone_id?: string;
}

/** One key, the selector's name, as in the API: `{ service_token: { token_id } }`, `{ any_valid_service_token: {} }`. */
export type Selector = { [selector: string]: JsonObject };

export interface AccessPolicy {
    id: string;
    name: string;
    decision: "allow" | "deny" | "non_identity" | "bypass";
    include: Selector[];
    exclude: Selector[];
    require: Selector[];
    /** false: part of one application, and deleted with it. */
    reusable: boolean;
    created_at: string;
    updated_at: string;
    /** session_duration and other fields, as sent. */
    [other: string]: Json | undefined;
}

export interface AccessApplication {
    id: string;
    name: string;
    type: "self_hosted";
    /** 64 hex digits: `aud` of the JWT. */
    aud: string;
    /** `host[/path]`, one of `self_hosted_domains`. */
    domain: string;
    /** All public `host[/path]`, at most 5; `*` matches one label. */
    self_hosted_domains: string[];
    destinations: { type: "public"; uri: string }[];
    /** Ids in `account.policies`; the lowest precedence comes first. */
    policies: { id: string; precedence: number }[];
    session_duration: string;
    service_auth_401_redirect?: boolean;
    read_service_tokens_from_header?: string;
    created_at: string;
    updated_at: string;
    /** Never in answers. */
    zone_id?: string;
    [other: string]: Json | undefined;
}

export interface Organization {
    name: string;
    /** `<team>.cloudflareaccess.com`: the issuer of the JWT without its scheme. */
    auth_domain: string;
    strict_service_token_auth: boolean;
    session_duration: string;
    created_at: string;
    updated_at: string;
}

/** An API token. */
export interface ApiToken {
    id: string;
    value: string;
    /** Owner of the token. Each kind has its own verify route. @default "user" */
    owner?: "user" | "account";
    /** Names of permission groups ("DNS Write", for example; Write includes Read). @default all of them */
    permissions?: string[];
    /** Names of the zones that the token is limited to. @default all of the account */
    zones?: string[];
}
