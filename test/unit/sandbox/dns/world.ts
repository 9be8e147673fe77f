/** A zone that can move: Azure, Cloudflare with its API, a registry, and resolvers of both kinds, on one clock. */
import { strict as assert } from "node:assert";
import { renderRecord, type Phase, type ZoneRecord } from "../../../../components/parts/dns-record";
import { dnsReport, type DnsReport } from "../../../../dns/preflight";
import { type Server } from "../../../../dns/query";
import { azureZone, type AzureZone } from "../../../../sandbox/dns/azure";
import { cloudflareSays, type CloudflareDnsOptions } from "../../../../sandbox/dns/cloudflare";
import { Registry } from "../../../../sandbox/dns/registry";
import { Resolver } from "../../../../sandbox/dns/resolver";
import { startDnsServer, type DnsServer } from "../../../../sandbox/dns/server";
import type { Zone } from "../../../../sandbox/cloudflare/account";
import { ADMIN, TestApi } from "../cloudflare/kit";

export const ZONE = "example.com";
/** Where proxied CNAMEs lead: they are the service's names. */
const TUNNEL = "c1744f8b-faa1-48a4-9e5c-02ac921467fa.cfargotunnel.com";

export class World {
    readonly resolvers: Resolver[];
    readonly servers = new Map<string, Server>();

    private constructor(
        readonly api: TestApi,
        readonly azure: AzureZone,
        readonly zone: Zone,
        readonly at: Record<"azure" | "cloudflare" | "registry", DnsServer>,
        readonly registry: Registry,
    ) {
        for (const name of azure.nameServers) this.servers.set(name, place(at.azure));
        for (const name of zone.name_servers) this.servers.set(name, place(at.cloudflare));
        this.registry.delegate(ZONE, azure.nameServers);
        this.resolvers = (["parent", "child"] as const).map((believes) => this.resolver(believes));
    }

    /** @param ttls of the registry */
    static async start(
        records: ZoneRecord[],
        ttls?: Registry["ttls"],
        options: CloudflareDnsOptions = {},
    ): Promise<World> {
        const api = await TestApi.start();
        const { status, result } = await api.post("zones", { name: ZONE, account: { id: api.account.id } });
        assert.equal(status, 200);
        const zone = api.account.zones.get(result.id)!;
        const azure = azureZone(ZONE, structuredClone(records));
        const registry = new Registry("com", ttls);
        const at = {
            azure: await startDnsServer({ says: azure.says }),
            cloudflare: await startDnsServer({ says: cloudflareSays(api.account, options) }),
            registry: await startDnsServer({ says: registry.says }),
        };
        const world = new World(api, azure, zone, at, registry);
        api.account.delegation = (name) => registry.delegation(name);
        api.account.dsAtParent = (name) => registry.ds(name);
        return world;
    }

    /** A resolver that has just started. */
    resolver(believes: "parent" | "child"): Resolver {
        const now = () => this.api.account.now().getTime();
        return new Resolver({ parent: place(this.at.registry), domain: "com", servers: this.servers, now, believes });
    }

    /** What preflight says of a phase. */
    report(phase: Phase, records: ZoneRecord[]): Promise<DnsReport> {
        return dnsReport(
            {
                ...{ zone: ZONE, phase, records },
                oldServers: [this.at.azure.address],
                newServers: [this.at.cloudflare.address],
                parentServers: [this.at.registry.address],
            },
            { baseUrl: this.api.api.url, token: ADMIN },
            { now: this.api.account.now() },
        );
    }

    /** Makes Cloudflare's records what the program asks for in a phase, as an update does: in place where it can. */
    async update(phase: Phase, records: ZoneRecord[]): Promise<void> {
        const path = `zones/${this.zone.id}/dns_records`;
        const live = [...this.api.account.records(this.zone.id).values()];
        for (const record of records) {
            const { data, ...body } = renderRecord(record, phase);
            const turned = body.proxied && body.type === "CNAME" ? { content: TUNNEL } : {};
            const sent = { ...body, ...turned, ...(data ? { data: snakeCase(data) } : {}) };
            const old = live.find((one) => one.name === body.name && one.type === body.type && sameValue(one, sent));
            if (old) live.splice(live.indexOf(old), 1);
            const { status, message } = old
                ? await this.api.put(`${path}/${old.id}`, sent)
                : await this.api.post(path, sent);
            assert.equal(status, 200, message);
        }
        for (const left of live) await this.api.delete(`${path}/${left.id}`);
        if (phase === "signed") await this.api.patch(`zones/${this.zone.id}/dnssec`, { status: "active" });
    }

    /** Asks Cloudflare to look at the delegation now, as its dashboard's button does. */
    async look(): Promise<void> {
        const { status } = await this.api.put(`zones/${this.zone.id}/activation_check`, {});
        assert.equal(status, 200);
        assert.equal(this.zone.status, "active");
    }

    /** Passes time, and lets Cloudflare look at the delegation. */
    pass(seconds: number): void {
        this.api.account.advance(seconds);
    }

    async close(): Promise<void> {
        await Promise.all([...Object.values(this.at).map((server) => server.close()), this.api.close()]);
    }
}

function place(server: DnsServer): Server {
    return { label: server.address, host: "127.0.0.1", port: server.port };
}

function sameValue(one: { type: string; content: string; data?: object }, sent: { content?: string; data?: object }) {
    if (one.type === "CNAME") return true;
    return sent.data ? JSON.stringify(one.data) === JSON.stringify(sent.data) : one.content === sent.content;
}

/** As the provider writes fields on the wire. */
function snakeCase(data: Record<string, string | number>): Record<string, string | number> {
    return Object.fromEntries(
        Object.entries(data).map(([key, v]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), v]),
    );
}
