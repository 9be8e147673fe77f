/**
 * One Cloudflare account in memory: what the API writes, and what the edge, the connectors and the name servers read. Facts: the
 * API as the official Pulumi provider 6.17.0 uses it, Cloudflare's documentation of zone states, Access and tunnels (2026).
 *
 * What time changes (zone states, certificates, deletions) is brought up to date whenever the account is read. Not here: what
 * a request may contain, which the API checks before it writes.
 */
import { EventEmitter } from "node:events";
import { Faults } from "./faults";
import { hexId } from "./ids";
import type * as objects from "./objects";
import { tunnelStatus, tokenOf } from "./tunnels";
import { checkDelegation, followClock } from "./zone-life";

export type * from "./objects";
export { PLANS } from "./zone-objects";
export { tokenOf, tunnelStatus };

/** What happened. `connections`: the API threw a tunnel's connectors off; `client_id` names one of them. */
export interface Change {
    kind:
        | "zone"
        | "record"
        | "tunnel"
        | "connections"
        | "serviceToken"
        | "policy"
        | "application"
        | "organization"
        | "ruleset"
        | "healthcheck"
        | "notificationPolicy"
        | "workerScript"
        | "workerRoute";
    id: string;
    client_id?: string;
}

export interface AccountOptions {
    /** 32 hex digits, or "first": the first one that a request names. @default made up */
    id?: string;
    /** @default "Sandbox" */
    name?: string;
    /** Of zones that are created. @default "free" */
    plan?: objects.Plan;
    /** Name of the Access organization: `<team>.cloudflareaccess.com`. @default "sandbox" */
    team?: string;
    /**
     * When the Access organization was made, RFC 3339: those since 2026-10-05 have strict service-token auth, for good.
     * @default now
     */
    organizationSince?: string;
    /** Milliseconds since 1970. @default the machine's clock */
    clock?: () => number;
    /** From a zone's activation to its edge certificate, in seconds. @default 120: "up to 24 h, usually minutes" */
    certificateSeconds?: number;
    /** Requests in 5 minutes, with all tokens of a user together. @default 1200 */
    requestsPerFiveMinutes?: number;
}

/** Organizations made since then have strict service-token auth, and cannot turn it off. */
const STRICT_SINCE = "2026-10-05T00:00:00Z";
export const isStrictForGood = ({ created_at }: { created_at: string }): boolean =>
    Date.parse(created_at) >= Date.parse(STRICT_SINCE);

export class Account extends EventEmitter<{ changed: [Change] }> {
    id: string;
    readonly name: string;
    readonly plan: objects.Plan;
    readonly created: Date;
    readonly certificateSeconds: number;
    readonly requestsPerFiveMinutes: number;
    readonly organization: objects.Organization;
    readonly tunnels = new Map<string, objects.Tunnel>();
    readonly serviceTokens = new Map<string, objects.ServiceToken>();
    /** Reusable ones, and those written inside an application. */
    readonly policies = new Map<string, objects.AccessPolicy>();
    readonly applications = new Map<string, objects.AccessApplication>();
    readonly rulesets = new Map<string, objects.Ruleset>();
    readonly healthchecks = new Map<string, objects.Healthcheck>();
    readonly notificationPolicies = new Map<string, objects.NotificationPolicy>();
    /** By name. */
    readonly workerScripts = new Map<string, objects.WorkerScript>();
    readonly workerRoutes = new Map<string, objects.WorkerRoute>();
    readonly apiTokens: objects.ApiToken[] = [];
    /** Requests since the beginning of five minutes (seconds since 1970), by the token's id or "user" for all of a user. */
    readonly windows = new Map<string, { since: number; used: number }>();
    /** Answers that the next requests get instead of their own. */
    readonly faults = new Faults();

    /** The parent's name servers for a zone, as the registrar has them. Tests and the DNS emulator set it. @default none */
    delegation: (zoneName: string) => string[] = () => [];
    /** The DS records at the parent, in zone-file form (`dnssec.key.ds`). @default none */
    dsAtParent: (zoneName: string) => string[] = () => [];

    /** Names of zones deleted here: they get other name servers when they are added again. */
    readonly formerZones: string[] = [];
    /** Names of zones that another Cloudflare account has. */
    readonly zonesElsewhere = new Set<string>();
    private readonly zoneMap = new Map<string, objects.Zone>();
    private readonly recordMaps = new Map<string, Map<string, objects.DnsRecord>>();
    private readonly clock: () => number;
    private takesId: boolean;
    private offset = 0;
    private catchingUp = false;

    constructor(options: AccountOptions = {}) {
        super();
        this.setMaxListeners(0);
        this.clock = options.clock ?? Date.now;
        this.id = options.id === "first" ? hexId() : (options.id ?? hexId());
        this.takesId = options.id === "first";
        this.name = options.name ?? "Sandbox";
        this.plan = options.plan ?? "free";
        this.created = this.now();
        this.certificateSeconds = options.certificateSeconds ?? 120;
        this.requestsPerFiveMinutes = options.requestsPerFiveMinutes ?? 1200;
        const since = options.organizationSince ?? this.stamp();
        this.organization = {
            name: options.team ?? "sandbox",
            auth_domain: `${options.team ?? "sandbox"}.cloudflareaccess.com`,
            strict_service_token_auth: isStrictForGood({ created_at: since }),
            session_duration: "24h",
            created_at: since,
            updated_at: since,
        };
    }

    /** Is this the account's id? */
    answersTo(id: string): boolean {
        if (this.takesId && /^[0-9a-f]{32}$/.test(id)) {
            this.id = id;
            this.takesId = false;
        }
        return id === this.id;
    }

    now(): Date {
        return new Date(this.clock() + this.offset);
    }
    /** Now, or some seconds from now, as the API writes it. */
    stamp(secondsFromNow = 0): string {
        return new Date(this.now().getTime() + secondsFromNow * 1000).toISOString();
    }
    /** Puts the clock forward, and does what falls due. */
    advance(seconds: number): void {
        this.offset += seconds * 1000;
        this.catchUp();
    }
    private catchUp(): void {
        if (this.catchingUp) return; // a listener reads the account while it is brought up to date
        this.catchingUp = true;
        try {
            followClock(this, this.zoneMap);
        } finally {
            this.catchingUp = false;
        }
    }

    /** By id. */
    get zones(): Map<string, objects.Zone> {
        this.catchUp();
        return this.zoneMap;
    }
    addZone(zone: objects.Zone): void {
        this.zoneMap.set(zone.id, zone);
        this.recordMaps.set(zone.id, new Map());
        this.changed("zone", zone.id);
    }
    zoneNamed(name: string): objects.Zone | undefined {
        return [...this.zones.values()].find((zone) => zone.name === name);
    }
    /** Records of a zone by id: empty for a zone that is not there. */
    records(zoneId: string): Map<string, objects.DnsRecord> {
        this.catchUp();
        return this.recordMaps.get(zoneId) ?? new Map();
    }
    /** Deletes a zone and everything in it. */
    removeZone(zone: objects.Zone): void {
        this.formerZones.push(zone.name);
        this.zoneMap.delete(zone.id);
        this.recordMaps.delete(zone.id);
        for (const held of [this.rulesets, this.healthchecks, this.serviceTokens, this.applications, this.workerRoutes])
            for (const [id, object] of held) if (object.zone_id === zone.id) held.delete(id);
        this.changed("zone", zone.id);
    }
    /** The parent's answer has changed: look now instead of at the next check. */
    delegated(zone: objects.Zone): void {
        checkDelegation(this, zone);
    }
    setPlan(zone: objects.Zone, plan: objects.Plan): void {
        zone.plan = plan;
        this.changed("zone", zone.id);
    }

    /** What a connector shows to register: undefined if the token is wrong or its tunnel deleted. */
    tunnelOfToken(token: string): objects.Tunnel | undefined {
        return [...this.tunnels.values()].find((tunnel) => !tunnel.deleted_at && tokenOf(this, tunnel) === token);
    }
    /** Replaces the connections of a tunnel; its status follows from them. */
    setConnections(tunnel: objects.Tunnel, connections: objects.TunnelConnection[]): void {
        const before = tunnel.connections.length;
        tunnel.connections = connections;
        if (before === 0 && connections.length > 0) tunnel.conns_active_at = this.stamp();
        if (before > 0 && connections.length === 0) tunnel.conns_inactive_at = this.stamp();
        this.changed("tunnel", tunnel.id);
    }

    /** Another token for the API. @param token its value, and optionally what it is limited to */
    addApiToken(token: Omit<objects.ApiToken, "id">): objects.ApiToken {
        const added = { id: hexId(), ...token };
        this.apiTokens.push(added);
        return added;
    }

    changed(kind: Change["kind"], id: string, client_id?: string): void {
        this.emit("changed", { kind, id, ...(client_id === undefined ? {} : { client_id }) });
    }
}
