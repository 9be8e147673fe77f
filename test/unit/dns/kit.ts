/** Two sides of a move on loopback, to query and to compare. */
import { type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { type Server } from "../../../dns/query";
import { azureZone, type AzureZone } from "../../../sandbox/dns/azure";
import { startDnsServer, type DnsServer } from "../../../sandbox/dns/server";

export const ZONE = "example.com";

/** A record in one line: `name type content`, with the name relative to the zone, `@` for the zone itself. */
export function rr(line: string, more: object = {}): ZoneRecord {
    const [short, type, ...rest] = line.split(" ");
    const name = short === "@" ? ZONE : `${short}.${ZONE}`;
    const common = { name, type, ttl: 300, proxied: false };
    if (type === "MX") return { ...common, priority: Number(rest[0]), content: rest[1], ...more } as ZoneRecord;
    if (type === "CAA")
        return { ...common, data: { flags: Number(rest[0]), tag: rest[1], value: rest[2] }, ...more } as ZoneRecord;
    return { ...common, content: rest.join(" "), ...more } as ZoneRecord;
}

export const RECORDS: ZoneRecord[] = [
    rr("@ A 192.0.2.1"),
    rr("@ MX 10 mail.example.com"),
    rr("@ TXT v=spf1 -all"),
    rr("@ CAA 0 issue letsencrypt.org"),
    rr("www CNAME example.com"),
    rr("alpa A 192.0.2.10"),
    rr("alpa A 192.0.2.11"),
    rr("mail A 192.0.2.25"),
    rr("mail AAAA 2001:db8::25"),
    rr(`key._domainkey TXT ${"k".repeat(600)}`),
    rr("*.apps A 192.0.2.20"),
    rr("lab NS ns.lab.example.com"),
    rr("ns.lab A 192.0.2.53"),
];

export interface Side {
    zone: AzureZone;
    server: DnsServer;
    at: Server;
}

const running: DnsServer[] = [];

/** Starts a name server with a zone. Call `endSides` in `afterEach` or `after`. */
export async function side(records = RECORDS, label = "old"): Promise<Side> {
    const zone = azureZone(ZONE, structuredClone(records));
    const server = await startDnsServer(zone.says);
    running.push(server);
    return { zone, server, at: { label, host: "127.0.0.1", port: server.port } };
}

export async function endSides(): Promise<void> {
    await Promise.all(running.splice(0).map((server) => server.close()));
}
