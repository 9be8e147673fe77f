/**
 * Resolves a hostname. Facts: the edge serves only proxied records of active zones that are not paused; the CNAME of a tunnel
 * is `<id>.cfargotunnel.com`; an active certificate covers the apex and one level below it.
 *
 * Unsupported: a proxied record that does not point to a tunnel, wildcard records.
 */
import { isIP } from "node:net";
import type { Account } from "../account";
import type { Tunnel, Zone } from "../objects";
import { Unsupported } from "./types";

type Way =
    | { zone: Zone; tunnel: Tunnel | undefined }
    /**
     * `elsewhere`: DNS does not resolve the name to the edge, so the caller has connected to the edge by its address.
     * `no-certificate`: the edge has no certificate for the name, so the TLS handshake fails before a request.
     */
    | "elsewhere"
    | "address"
    | "no-certificate";

/** @throws Unsupported */
export function wayOf(account: Account, hostname: string): Way {
    if (isIP(hostname.replace(/^\[|\]$/g, ""))) return "address";
    const zones = [...account.zones.values()].filter((z) => hostname === z.name || hostname.endsWith(`.${z.name}`));
    const zone = zones.sort((a, b) => b.name.length - a.name.length)[0];
    if (!zone || zone.status !== "active" || zone.paused) return "elsewhere";
    // As at Cloudflare, one proxied record makes all address records of its name proxied.
    const record = [...account.records(zone.id).values()].find(({ name, proxied }) => name === hostname && proxied);
    if (!record) return "elsewhere";
    const hosts = zone.certificate_packs.flatMap((pack) => (pack.status === "active" ? pack.hosts : []));
    if (!hosts.includes(hostname) && !hosts.includes(hostname.replace(/^[^.]+/, "*"))) return "no-certificate";
    const id = /^([0-9a-f-]{36})\.cfargotunnel\.com$/.exec(record.content)?.[1];
    if (id === undefined) throw new Unsupported(`a proxied ${record.type} record with ${record.content}`);
    const tunnel = account.tunnels.get(id);
    return { zone, tunnel: tunnel?.deleted_at ? undefined : tunnel };
}
