/** Creates objects of an account as the API does. */
import type { Account, Tunnel, Zone } from "../../../cloudflare/account";
import { hexId, tunnelSecret, uuid } from "../../../cloudflare/ids";

export function addZone(account: Account, name = "example.com"): Zone {
    const now = account.stamp();
    const zone: Zone = {
        id: hexId(),
        name,
        type: "full",
        paused: false,
        status: "active",
        name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        vanity_name_servers: [],
        original_name_servers: [],
        created_on: now,
        modified_on: now,
        activated_on: now,
        plan: account.plan,
        settings: new Map(),
        dnssec: {
            status: "disabled",
            modified_on: null,
            dnssec_multi_signer: false,
            dnssec_presigned: false,
            dnssec_use_nsec3: false,
        },
        certificate_packs: [
            {
                id: uuid(),
                type: "universal",
                hosts: [name, `*.${name}`],
                status: "active",
                certificate_authority: "lets_encrypt",
                created_on: now,
                active_at: now,
            },
        ],
        status_since: now,
        next_check: "2099-01-01T00:00:00Z",
    };
    account.addZone(zone);
    return zone;
}

export function addRecord(account: Account, zone: Zone, name: string, content: string, change: object = {}): void {
    const id = hexId();
    const now = account.stamp();
    const fixed = { ttl: 1, proxied: true, comment: null, tags: [], settings: {}, created_on: now, modified_on: now };
    account.records(zone.id).set(id, { id, name, type: "CNAME", content, ...fixed, ...change });
}

export function addTunnel(account: Account): Tunnel {
    const id = uuid();
    const tunnel: Tunnel = {
        id,
        name: `tunnel-${id}`,
        config_src: "cloudflare",
        created_at: account.stamp(),
        deleted_at: null,
        connections: [],
        conns_active_at: null,
        conns_inactive_at: null,
        secret: tunnelSecret(),
    };
    account.tunnels.set(id, tunnel);
    return tunnel;
}
