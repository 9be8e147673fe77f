/**
 * Starts the name servers of Azure, Cloudflare and the registry, which resolvers query while a zone moves from Azure to
 * Cloudflare.
 */
import { type ZoneRecord } from "../../components/cloudflare/dns-record";
import { type Server } from "../../dns/query";
import type { Account } from "../cloudflare/account";
import { azureZone, type AzureZone } from "./azure";
import { cloudflareSays } from "./cloudflare";
import { Registry } from "./registry";
import { Resolver, type ResolverOptions } from "./resolver";
import { startDnsServer, type DnsServer } from "./server";

export interface DnsOptions {
    /** The Cloudflare account whose zones are served. Its zones then get their delegation from the registry. */
    account: Account;
    /** Name of the zone at Azure. */
    zone: string;
    /** Records at Azure. */
    records: ZoneRecord[];
}

export interface Dns {
    azure: AzureZone;
    registry: Registry;
    /** The servers. Their `address` is the value for `oldServers` and `parentServers` in the config. */
    servers: Record<"old" | "new" | "parent", DnsServer>;
    /** Creates a resolver with an empty cache, on the account's clock. */
    resolver(believes: ResolverOptions["believes"]): Resolver;
    close(): Promise<void>;
}

/** Starts the servers on 127.0.0.1. At first the registry delegates the zone to Azure. */
export async function startDns({ account, zone, records }: DnsOptions): Promise<Dns> {
    const azure = azureZone(zone, structuredClone(records));
    const registry = new Registry(zone.slice(zone.indexOf(".") + 1));
    registry.delegate(zone, azure.nameServers);
    account.delegation = (name) => registry.delegation(name);
    account.dsAtParent = (name) => registry.ds(name);
    const servers = {
        old: await startDnsServer(azure.says),
        new: await startDnsServer(cloudflareSays(account)),
        parent: await startDnsServer(registry.says),
    };
    const at = (name: string): Server | undefined => {
        if (azure.nameServers.includes(name)) return place(servers.old);
        const ours = [...account.zones.values()].some((one) => one.name_servers.includes(name));
        return ours ? place(servers.new) : undefined;
    };
    const common = { parent: place(servers.parent), domain: registry.domain, at, now: () => account.now().getTime() };
    return {
        ...{ azure, registry, servers },
        resolver: (believes) => new Resolver({ ...common, believes }),
        close: async () => {
            await Promise.all(Object.values(servers).map((server) => server.close()));
        },
    };
}

function place({ address, port }: DnsServer): Server {
    return { label: address, host: "127.0.0.1", port };
}
