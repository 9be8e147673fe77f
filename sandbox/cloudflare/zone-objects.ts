/** TypeScript types for zones and their parts. objects.ts explains their fields. */
import type { KeyObject } from "node:crypto";
import type { Json, JsonObject } from "./json";

export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

export interface Zone {
    id: string;
    name: string;
    type: string;
    paused: boolean;
    /**
     * `pending` until the parent zone has exactly `name_servers`, then `active`; `moved` when the parent zone no longer has
     * them.
     */
    status: "pending" | "active" | "moved";
    /** The two name servers that Cloudflare assigned when the zone was created. */
    name_servers: string[];
    vanity_name_servers: string[];
    /** The parent's name servers when the zone was created; may be empty. */
    original_name_servers: string[];
    created_on: string;
    modified_on: string;
    activated_on: string | null;
    /** Answers contain the plan as `plan.legacy_id`. */
    plan: Plan;
    /** Changed settings by id. The others have the initial values of settings.ts. Not returned with the zone. */
    settings: Map<string, ZoneSetting>;
    /** DNSSEC status of the zone. Not returned with the zone. */
    dnssec: Dnssec;
    /** Edge certificates; empty until the first activation. Not returned with the zone. */
    certificate_packs: CertificatePack[];
    /**
     * Time of the last change of the status. A pending or moved zone is deleted a number of days later
     * (zone-life.ts). Never returned by the
     * API.
     */
    status_since: string;
    /** Time of the next scheduled check of the delegation. Never returned by the API. */
    next_check: string;
    /** Time of the last check that the API requested. Never returned by the API. */
    checked_on?: string;
}

interface ZoneSetting {
    value: Json;
    enabled?: boolean;
    modified_on: string;
}

interface Dnssec {
    /**
     * `pending` until the parent zone has the DS record; `pending-disabled` after signing was turned off, until the DS record
     * is removed.
     */
    status: "disabled" | "pending" | "active" | "pending-disabled";
    modified_on: string | null;
    dnssec_multi_signer: boolean;
    dnssec_presigned: boolean;
    dnssec_use_nsec3: boolean;
    /** Key of the zone, created when signing is turned on. */
    key?: DnssecKey;
}

/** An ECDSA P-256 key (algorithm 13), which is both the key-signing and the zone-signing key. */
export interface DnssecKey {
    /** Private key. Never returned by the API. */
    privateKey: KeyObject;
    public_key: string;
    key_tag: number;
    /** SHA-256 digest of the DS record, in upper-case hex. */
    digest: string;
    /** The DS record for the parent zone, in zone-file form. */
    ds: string;
}

export interface CertificatePack {
    id: string;
    type: "universal";
    hosts: string[];
    status: "initializing" | "pending_validation" | "active";
    certificate_authority: string;
    created_on: string;
    /** Time at which the certificate becomes active if CAA records allow it. Never returned by the API. */
    active_at: string;
}

export interface DnsRecord {
    id: string;
    /** FQDN in lower case without the final dot. */
    name: string;
    type: string;
    content: string;
    /** Fields of types such as CAA and SRV, from which `content` is computed. Unset for other types. */
    data?: JsonObject;
    /** TTL in seconds; 1 means automatic, which DNS answers show as 300. */
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

export interface Ruleset {
    id: string;
    /** Zone of the ruleset. Never returned by the API. */
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
    /** Zone of the health check. Never returned by the API. */
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
