/** Creates objects of an account as the API does. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Account, Tunnel, Zone } from "../../../cloudflare/account";
import { hexId } from "../../../cloudflare/ids";
import { newZone } from "../../../cloudflare/zones";

/** Adds an active zone with a certificate. */
export function addZone(account: Account, name = "example.com"): Zone {
    const [now, never] = [account.stamp(), "2099-01-01T00:00:00Z"];
    const zone: Zone = { ...newZone(account, name), status: "active", activated_on: now, next_check: never };
    const hosts = [name, `*.${name}`];
    zone.certificate_packs.push({ id: randomUUID(), type: "universal", hosts, status: "active", active_at: now });
    account.addZone(zone);
    return zone;
}

export function addRecord(account: Account, zone: Zone, name: string, content: string, change: object = {}): void {
    const id = hexId();
    const now = account.stamp();
    const fixed = { type: "CNAME", ttl: 1, proxied: true, created_on: now, modified_on: now };
    account.records(zone.id).set(id, { id, name, content, ...fixed, ...change });
}

export function addTunnel(account: Account): Tunnel {
    const id = randomUUID();
    const tunnel: Tunnel = {
        ...{ id, name: `tunnel-${id}`, created_at: account.stamp(), deleted_at: null },
        ...{ connections: [], conns_active_at: null, secret: randomBytes(32).toString("base64") },
    };
    account.tunnels.set(id, tunnel);
    return tunnel;
}
