/**
 * One Cloudflare account in memory. The API writes it; the edge, the connectors and the name servers read it. Facts: the
 * API as the official Pulumi provider 6.17.0 uses it; Cloudflare's documentation of zone states, Access and tunnels (2026).
 *
 * Every read of the account first applies changes whose time has come (states of zones, certificates, deletions). The account
 * does not validate writes: the API does.
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

/**
 * A change of the account. Kind `connections` means that the API has disconnected the connector `client_id` of a tunnel, or
 * all connectors of the tunnel if `client_id` is unset.
 */
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
    /** Account id of 32 hex digits, or "first" to adopt the account id of the first request. @default random */
    id?: string;
    /** @default "Sandbox" */
    name?: string;
    /** Plan of new zones. @default "free" */
    plan?: objects.Plan;
    /** Name of the Access organization: `<team>.cloudflareaccess.com`. @default "sandbox" */
    team?: string;
    /**
     * Creation time of the Access organization, RFC 3339. If it is 2026-10-05 or later, strict service-token auth is on and
     * cannot be turned off.
     * @default now
     */
    organizationSince?: string;
    /** The current time in milliseconds since 1970. @default the machine's clock */
    clock?: () => number;
    /**
     * Time from the activation of a zone to its edge certificate, in seconds.
     * @default 120; Cloudflare says up to 24 h, usually minutes
     */
    certificateSeconds?: number;
    /** Largest number of requests in 5 minutes, counted over all tokens of a user. @default 1200 */
    requestsPerFiveMinutes?: number;
}

/** Organizations created at or after this time always have strict service-token auth. */
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
    /** Reusable policies, and policies that are part of an application. */
    readonly policies = new Map<string, objects.AccessPolicy>();
    readonly applications = new Map<string, objects.AccessApplication>();
    readonly rulesets = new Map<string, objects.Ruleset>();
    readonly healthchecks = new Map<string, objects.Healthcheck>();
    readonly notificationPolicies = new Map<string, objects.NotificationPolicy>();
    /** Worker scripts by name. */
    readonly workerScripts = new Map<string, objects.WorkerScript>();
    readonly workerRoutes = new Map<string, objects.WorkerRoute>();
    readonly apiTokens: objects.ApiToken[] = [];
    /**
     * Number of API requests in the current five minutes, which began at `since` (seconds since 1970). The key is the id of an
     * account token, or "user" for all tokens of a user.
     */
    readonly windows = new Map<string, { since: number; used: number }>();
    /** Injected failures for the next requests. */
    readonly faults = new Faults();

    /**
     * Returns the name servers that the parent zone has for a zone. Tests and the DNS emulator set this function.
     * @default none
     */
    delegation: (zoneName: string) => string[] = () => [];
    /** Returns the DS records that the parent zone has for a zone, in zone-file form (`dnssec.key.ds`). @default none */
    dsAtParent: (zoneName: string) => string[] = () => [];

    /** Names of deleted zones. A zone with such a name gets other name servers when it is added again. */
    readonly formerZones: string[] = [];
    /** Names of zones in other Cloudflare accounts. */
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

    /** Whether an id is the account's id. With the option "first", the account adopts the first id that it gets. */
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
    /** A time in the format of the API. @param secondsFromNow distance from the account's current time */
    stamp(secondsFromNow = 0): string {
        return new Date(this.now().getTime() + secondsFromNow * 1000).toISOString();
    }
    /** Advances the clock, and applies the changes that are due. */
    advance(seconds: number): void {
        this.offset += seconds * 1000;
        this.catchUp();
    }
    private catchUp(): void {
        if (this.catchingUp) return; // called from followClock: a listener of its events reads the account
        this.catchingUp = true;
        try {
            followClock(this, this.zoneMap);
        } finally {
            this.catchingUp = false;
        }
    }

    /** Zones by id. Reading them first applies the changes whose time has come. */
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
    /** Records of a zone by id; empty for an unknown zone. */
    records(zoneId: string): Map<string, objects.DnsRecord> {
        this.catchUp();
        return this.recordMaps.get(zoneId) ?? new Map();
    }
    /** Deletes a zone with all its contents. */
    removeZone(zone: objects.Zone): void {
        this.formerZones.push(zone.name);
        this.zoneMap.delete(zone.id);
        this.recordMaps.delete(zone.id);
        for (const held of [this.rulesets, this.healthchecks, this.serviceTokens, this.applications, this.workerRoutes])
            for (const [id, object] of held) if (object.zone_id === zone.id) held.delete(id);
        this.changed("zone", zone.id);
    }
    /** Checks the delegation of the zone at once. Called when the records in the parent zone have changed. */
    delegated(zone: objects.Zone): void {
        checkDelegation(this, zone);
    }
    setPlan(zone: objects.Zone, plan: objects.Plan): void {
        zone.plan = plan;
        this.changed("zone", zone.id);
    }

    /** Returns the tunnel to which a token belongs; undefined if the token is wrong or the tunnel is deleted. */
    tunnelOfToken(token: string): objects.Tunnel | undefined {
        return [...this.tunnels.values()].find((tunnel) => !tunnel.deleted_at && tokenOf(this, tunnel) === token);
    }
    /** Replaces a tunnel's connections and updates its status. */
    setConnections(tunnel: objects.Tunnel, connections: objects.TunnelConnection[]): void {
        const before = tunnel.connections.length;
        tunnel.connections = connections;
        if (before === 0 && connections.length > 0) tunnel.conns_active_at = this.stamp();
        if (before > 0 && connections.length === 0) tunnel.conns_inactive_at = this.stamp();
        this.changed("tunnel", tunnel.id);
    }

    /** Adds an API token. @param token its value, and optionally its permissions and zones */
    addApiToken(token: Omit<objects.ApiToken, "id">): objects.ApiToken {
        const added = { id: hexId(), ...token };
        this.apiTokens.push(added);
        return added;
    }

    changed(kind: Change["kind"], id: string, client_id?: string): void {
        this.emit("changed", { kind, id, ...(client_id === undefined ? {} : { client_id }) });
    }
}
