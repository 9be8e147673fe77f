/**
 * One Cloudflare account in memory. The API writes it; the edge, the connectors and the name servers read it. Facts: the API as
 * the official Pulumi provider 6.17.0 uses it; Cloudflare's documentation of zone states, Access and tunnels (2026).
 *
 * Every read of the account first applies changes whose time has come (states of zones and certificates). The account
 * does not validate writes: the API does.
 */
import { EventEmitter } from "node:events";
import { hexId } from "./ids";
import type * as objects from "./objects";
import { checkDelegation, followClock } from "./zones";

export type * from "./objects";
export { PLANS } from "./objects";

/** A change of the account. `connections`: the API has disconnected the connectors of a tunnel. */
export interface Change {
    kind: "zone" | "tunnel" | "connections" | "other";
    id: string;
}

export interface AccountOptions {
    /** Account id of 32 hex digits, or "first" to adopt the account id of the first request. @default random */
    id?: string;
    /** Plan of new zones. @default "free" */
    plan?: objects.Plan;
    /** Creation time of the Access organization, RFC 3339. From 2026-10-05 on, service-token auth is strict. @default now */
    organizationSince?: string;
    /** The current time in milliseconds since 1970. @default the machine's clock */
    clock?: () => number;
    /** Seconds from a zone's activation to its edge certificate. @default 120; Cloudflare says up to 24 h, usually minutes */
    certificateSeconds?: number;
}

/** Organizations created at or after this time have strict service-token auth. */
const STRICT_SINCE = "2026-10-05T00:00:00Z";

export class Account extends EventEmitter<{ changed: [Change] }> {
    id: string;
    readonly plan: objects.Plan;
    readonly certificateSeconds: number;
    /** The Access organization: the issuer of its JWTs is `https://` followed by `auth_domain`. */
    readonly organization;
    readonly tunnels = new Map<string, objects.Tunnel>();
    readonly serviceTokens = new Map<string, objects.ServiceToken>();
    readonly policies = new Map<string, objects.AccessPolicy>();
    readonly applications = new Map<string, objects.AccessApplication>();
    readonly rulesets = new Map<string, objects.Ruleset>();
    readonly notificationPolicies = new Map<string, objects.NotificationPolicy>();
    /** Worker scripts by name. */
    readonly workerScripts = new Map<string, objects.WorkerScript>();
    readonly workerRoutes = new Map<string, objects.WorkerRoute>();
    readonly apiTokens: objects.ApiToken[] = [];

    /** Returns the name servers that the parent zone has for a zone. Tests and the DNS emulator set this. @default none */
    delegation: (zoneName: string) => string[] = () => [];
    /** Returns the DS records that the parent zone has for a zone, in zone-file form (`dnssec.key.ds`). @default none */
    dsAtParent: (zoneName: string) => string[] = () => [];

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
        this.takesId = options.id === "first";
        this.id = this.takesId ? hexId() : (options.id ?? hexId());
        this.plan = options.plan ?? "free";
        this.certificateSeconds = options.certificateSeconds ?? 120;
        const created_at = options.organizationSince ?? this.stamp();
        const strict_service_token_auth = Date.parse(created_at) >= Date.parse(STRICT_SINCE);
        const auth_domain = "sandbox.cloudflareaccess.com";
        this.organization = { name: "sandbox", auth_domain, created_at, strict_service_token_auth };
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

    /** Zones by id. */
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
        return this.recordMaps.get(zoneId) ?? new Map();
    }
    /** Deletes a zone with all its contents. */
    removeZone(zone: objects.Zone): void {
        this.zoneMap.delete(zone.id);
        this.recordMaps.delete(zone.id);
        for (const held of [this.rulesets, this.workerRoutes])
            for (const [id, object] of held) if (object.zone_id === zone.id) held.delete(id);
        this.changed("zone", zone.id);
    }
    /** Checks the delegation of the zone at once. Called when the records in the parent zone have changed. */
    delegated(zone: objects.Zone): void {
        checkDelegation(this, zone);
    }

    /** Replaces a tunnel's connections. */
    setConnections(tunnel: objects.Tunnel, connections: objects.TunnelConnection[]): void {
        if (tunnel.connections.length === 0 && connections.length > 0) tunnel.conns_active_at = this.stamp();
        tunnel.connections = connections;
        this.changed("tunnel", tunnel.id);
    }

    changed(kind: Change["kind"], id: string): void {
        this.emit("changed", { kind, id });
    }
}

/** The token of a tunnel. It changes only with the tunnel's secret. */
export function tokenOf(account: { id: string }, tunnel: objects.Tunnel): string {
    return Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: tunnel.secret })).toString("base64");
}

/**
 * `inactive`: the tunnel was never connected; `down`: no connector is connected any more; `degraded`: a connector has fewer
 * than four connections.
 */
export function tunnelStatus(tunnel: objects.Tunnel): "inactive" | "degraded" | "healthy" | "down" {
    const { connections, conns_active_at } = tunnel;
    if (connections.length === 0) return conns_active_at === null ? "inactive" : "down";
    const connectors = new Set(connections.map(({ client_id }) => client_id));
    return connections.length === 4 * connectors.size ? "healthy" : "degraded";
}
