/** TypeScript types for the tunnels, Access objects and tokens of an account. objects.ts explains their fields. */
import type { Json, JsonObject } from "./json";

export interface Tunnel {
    id: string;
    name: string;
    /** "cloudflare": ingress rules come from `configuration`; "local": the connector has its own file. */
    config_src: "local" | "cloudflare";
    created_at: string;
    /** null until the tunnel is deleted. A deleted tunnel can be read, but not connected. Its name is free again. */
    deleted_at: string | null;
    connections: TunnelConnection[];
    conns_active_at: string | null;
    conns_inactive_at: string | null;
    /** Base64 of at least 32 bytes. Returned by the API only as part of the token. */
    secret: string;
    /** Ingress rules. Without them, the connector answers 503. Not returned with the tunnel. */
    configuration?: TunnelConfiguration;
}

export interface TunnelConnection {
    id: string;
    /** Id of the running connector (replica). Each connector has four connections. */
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
    config: { ingress: IngressRule[]; originRequest?: OriginRequest | null };
    created_at: string;
}
interface IngressRule {
    hostname?: string | null;
    path?: string | null;
    service: string;
    originRequest?: OriginRequest | null;
}
interface OriginRequest {
    access?: { audTag?: string[] | null; teamName: string; required?: boolean | null } | null;
    httpHostHeader?: string | null;
    /** Time limit of a connection to the origin, in seconds. */
    connectTimeout?: number | null;
    noTLSVerify?: boolean | null;
    [other: string]: unknown;
}

export interface ServiceToken {
    /** UUID, by which policies refer to the token. */
    id: string;
    name: string;
    /** `<32 hex digits>.access`. Callers send it with the secret, and the JWT contains it as the claim `common_name`. */
    client_id: string;
    /** Returned only to the requests that create or rotate the token. */
    client_secret: string;
    client_secret_version: number;
    /** Secret before the last rotation, accepted until `previous_client_secret_expires_at`. Never returned by the API. */
    previous_client_secret?: string;
    previous_client_secret_expires_at: string | null;
    enabled: boolean;
    /** Lifetime of the token: a Go duration such as "8760h", or "forever". */
    duration: string;
    expires_at: string;
    created_at: string;
    updated_at: string;
    /** Set for a zone-scoped token. Never returned by the API. */
    zone_id?: string;
}

/** An object with one key, the name of the selector, as in the API: for example `{ service_token: { token_id } }`. */
export type Selector = { [selector: string]: JsonObject };

export interface AccessPolicy {
    id: string;
    name: string;
    decision: "allow" | "deny" | "non_identity" | "bypass";
    include: Selector[];
    exclude: Selector[];
    require: Selector[];
    /** false for a policy that belongs to one application, and is deleted with it. */
    reusable: boolean;
    created_at: string;
    updated_at: string;
    /** session_duration and other fields, as the client sent them. */
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
    /** All public `host[/path]` of the application, at most 5. A `*` matches one label of the host. */
    self_hosted_domains: string[];
    destinations: { type: "public"; uri: string }[];
    /** Policies by their ids in `account.policies`. The edge evaluates the lowest precedence first. */
    policies: { id: string; precedence: number }[];
    session_duration: string;
    service_auth_401_redirect?: boolean;
    read_service_tokens_from_header?: string;
    created_at: string;
    updated_at: string;
    /** Set for a zone-scoped application. Never returned by the API. */
    zone_id?: string;
    [other: string]: Json | undefined;
}

export interface Organization {
    name: string;
    /** `<team>.cloudflareaccess.com`. The issuer of the JWT is `https://` followed by this name. */
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
    /** Owner of the token. User tokens and account tokens have different verify routes. @default "user" */
    owner?: "user" | "account";
    /** Names of permission groups, for example "DNS Write". Write includes Read. @default all permission groups */
    permissions?: string[];
    /** Names of the zones to which the token is limited. @default all zones of the account */
    zones?: string[];
}
