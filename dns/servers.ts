/** Finds the addresses of name servers. */
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { parentOf } from "./names";
import { type Server } from "./query";

const DNS_PORT = 53;

/** Looks up addresses, and the name servers of a zone. Tests and the sandbox replace it. */
export interface Lookup {
    address(host: string): Promise<string>;
    nameServers(zone: string): Promise<string[]>;
}

/** Looks names up with the resolvers of this machine. */
export function systemLookup(): Lookup {
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    return {
        address: async (host) => {
            const found = await resolver.resolve4(host).catch(() => resolver.resolve6(host));
            return found[0];
        },
        nameServers: (zone) => resolver.resolveNs(zone),
    };
}

/** Finds a server by its label: `host`, `host:port` or `[address]:port`. @throws Error that names a host without address */
async function findServer(label: string, lookup: Lookup): Promise<Server> {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(label) ?? [];
    const host = bracketed ?? plain ?? label;
    const at = { label, port: Number(port ?? DNS_PORT) };
    if (isIP(host)) return { ...at, host };
    try {
        return { ...at, host: await lookup.address(host) };
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new Error(`${label}: the host has no address (${code ?? "not found"})`);
    }
}

export const findServers = (labels: string[], lookup: Lookup) =>
    Promise.all(labels.map((label) => findServer(label, lookup)));

/** Names of the name servers of the parent zone. They answer queries for the NS and DS records of this zone. */
export async function parentServers(zone: string, lookup: Lookup): Promise<string[]> {
    for (let above = parentOf(zone); above !== ""; above = parentOf(above)) {
        const found = await lookup.nameServers(above).catch(() => []);
        if (found.length > 0) return found;
    }
    throw new Error(`no name servers found for the zone above ${zone}. Set dns.parentServers`);
}
