/** Zones and what belongs to them. See objects.ts. */
import type { KeyObject } from "node:crypto";
import type { Json, JsonObject } from "./json";

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
    /** When the API was last asked to look. Never answered. */
    checked_on?: string;
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
