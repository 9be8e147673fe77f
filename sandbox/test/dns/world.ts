/** A zone that can move: Azure, Cloudflare with its API, a registry, and resolvers of both kinds, on one clock. */
import { strict as assert } from "node:assert";
import { renderRecord, type Phase, type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { dnsReport } from "../../../dns/phases";
import { startDns, type Dns } from "../../dns/start";
import type { Zone } from "../../cloudflare/account";
import { ADMIN, TestApi } from "../cloudflare/kit";

const ZONE = "example.com";
/** Target of the proxied CNAMEs, which are the service's names. */
const TUNNEL = "c1744f8b-faa1-48a4-9e5c-02ac921467fa.cfargotunnel.com";

export class World {
    private constructor(
        readonly api: TestApi,
        readonly zone: Zone,
        private readonly dns: Dns,
    ) {}
    get at(): Dns["servers"] {
        return this.dns.servers;
    }
    static async start(records: ZoneRecord[]): Promise<World> {
        const api = await TestApi.start();
        const dns = await startDns({ account: api.account, zone: ZONE, records });
        const zone = api.account.zones.get(await api.zone(ZONE))!;
        return new World(api, zone, dns);
    }

    /** Result of the preflight check of a phase. */
    report(phase: Phase, records: ZoneRecord[]): Promise<Awaited<ReturnType<typeof dnsReport>>> {
        return dnsReport(
            {
                ...{ zone: ZONE, phase, records },
                oldServers: [this.at.old.address],
                newServers: [this.at.new.address],
                parentServers: [this.at.parent.address],
            },
            { baseUrl: this.api.api.url, token: ADMIN },
            { now: this.api.account.now() },
        );
    }

    /**
     * Writes the records that the program has in a phase to Cloudflare. Updates a record instead of replacing it where
     * possible.
     */
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

    async close(): Promise<void> {
        await Promise.all([this.dns.close(), this.api.close()]);
    }
}

function sameValue(one: { type: string; content: string; data?: object }, sent: { content?: string; data?: object }) {
    if (one.type === "CNAME") return true;
    return sent.data ? JSON.stringify(one.data) === JSON.stringify(sent.data) : one.content === sent.content;
}

/** Changes names of fields from camel case to snake case, as in the API. */
function snakeCase(data: Record<string, string | number>): Record<string, string | number> {
    return Object.fromEntries(
        Object.entries(data).map(([key, v]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), v]),
    );
}
