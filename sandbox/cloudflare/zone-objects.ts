/** Zones and their parts. See objects.ts. */
import type { KeyObject } from "node:crypto";
import type { Json, JsonObject } from "./json";

export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

export interface Zone {
    id: string;
    name: string;
    type: string;
    paused: boolean;
    /** `pending` until the parent has exactly `name_servers`, then `active`; `moved` when it no longer has them. */
    status: "pending" | "active" | "moved";
    /** The two names assigned at creation. */
    name_servers: string[];
    vanity_name_servers: string[];
    /** The parent's name servers when the zone was created; may be empty. */
    original_name_servers: string[];
    created_on: string;
    modified_on: string;
    activated_on: string | null;
    /** Never in answers under this name: it is `plan.legacy_id` of the answer. */
    plan: Plan;
    /** Changed settings by id; see settings.ts for the defaults. Never in answers about the zone. */
    settings: Map<string, ZoneSetting>;
    /** Never in answers about the zone. */
    dnssec: Dnssec;
    /** Never in answers about the zone. Empty until the first activation. */
    certificate_packs: CertificatePack[];
    /** Time of the last change to pending or moved, from which the 28 and 7 days count. Never in answers. */
    status_since: string;
    /** Time of the next scheduled check of the delegation. Never in answers. */
    next_check: string;
    /** Time of the last check that the API requested. Never in answers. */
    checked_on?: string;
}

export interface ZoneSetting {
    value: Json;
    enabled?: boolean;
    modified_on: string;
}

export interface Dnssec {
    /** `pending` until the parent has the DS; `pending-disabled` while it still has it after signing was turned off. */
    status: "disabled" | "pending" | "active" | "pending-disabled";
    modified_on: string | null;
    dnssec_multi_signer: boolean;
    dnssec_presigned: boolean;
    dnssec_use_nsec3: boolean;
    /** Created when signing is turned on. */
    key?: DnssecKey;
}

/** One ECDSA P-256 key (algorithm 13), both key-signing and zone-signing key. */
export interface DnssecKey {
    /** Never in answers. */
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
    /** Time of its activation, if CAA records allow it. Never in answers. */
    active_at: string;
}

export interface DnsRecord {
    id: string;
    /** FQDN in lower case without the final dot. */
    name: string;
    type: string;
    content: string;
    /** Only for types with fields (CAA, SRV, …). `content` is computed from it. */
    data?: JsonObject;
    /** 1 = automatic, which DNS answers have as 300. */
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
    /** Zone of the ruleset. Never in answers. */
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
    /** Never in answers. */
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
