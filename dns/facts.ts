/** Facts about a zone's move, from the name servers and from Cloudflare. Read-only. */
import { type Phase, type ZoneRecord } from "../components/cloudflare/dns-record";
import { openApi, type ApiAccess } from "../components/cloudflare/api";
import { type CertificatePack, CloudflareZones, type ZoneStatus } from "./cloudflare";
import { compare, type ComparedRow } from "./compare";
import { ask } from "./query";
import { findServers, parentServers, systemLookup, type Lookup } from "./servers";

export interface DnsFacts {
    zone: string;
    now: Date;
    /** Status of the zone at Cloudflare; undefined if it does not exist there. */
    status: ZoneStatus | undefined;
    /** Delegation in the parent zone: names of the servers, and its TTL in seconds. */
    delegation: { servers: string[]; ttlSeconds: number } | undefined;
    /** TTL of the old zone's own NS set, in seconds; 0 if no old server answers. */
    oldNsTtlSeconds: number;
    /** Values of the DS records in the parent zone. */
    ds: string[];
    /** Value of the DS record for Cloudflare's signatures; undefined while Cloudflare does not sign the zone. */
    ownDs: string | undefined;
    /** Unequal rows of the comparison; undefined if it was not run, because the zone has already moved. */
    differences: ComparedRow[] | undefined;
    /**
     * Edge certificates, or the reason why they are unknown. Before a name is proxied, the token needs no permission to read
     * them.
     */
    certificates: CertificatePack[] | string;
    /** Names that are to be proxied. */
    proxied: string[];
    /** Names that the stack creates itself, always proxied. */
    hostnames: string[];
    /** Names that Cloudflare proxies now. They show which phase the zone has reached. Empty if they are unknown. */
    proxiedNow: string[];
    /** Sources that did not answer. */
    unanswered: string[];
}

export interface DnsSettings {
    /** Name of the zone, in lower case, without the final dot. */
    zone: string;
    /** Account of the zone. Default: any account that the token can read. */
    account?: string;
    phase: Phase;
    records: ZoneRecord[];
    /** Host names of the service that are not in `records`, because the stack itself creates their records. */
    hostnames?: string[];
    /** Old name servers, each `host` or `host:port`. */
    oldServers: string[];
    /** New name servers. Unset or empty to use the name servers that Cloudflare assigned. */
    newServers?: string[];
    /** Name servers of the parent zone. Unset or empty to look them up. */
    parentServers?: string[];
}

interface Options {
    signal: AbortSignal;
    lookup?: Lookup;
    now?: Date;
}

type Sources = DnsSettings & Options & { lookup: Lookup };

/** Gathers the facts. It does not throw if a server does not answer: `unanswered` then lists the server. */
export async function gatherDnsFacts(
    settings: DnsSettings,
    access: ApiAccess,
    { signal, lookup = systemLookup(), now = new Date() }: Options,
): Promise<DnsFacts> {
    const { zone, records } = settings;
    const sources = { ...settings, signal, lookup };
    const proxied = [...new Set(records.filter((record) => record.proxied).map(({ name }) => name))];
    const facts: DnsFacts = {
        ...{ zone, now, proxied, hostnames: settings.hostnames ?? [], proxiedNow: [], unanswered: [], ds: [] },
        ...{ certificates: [], oldNsTtlSeconds: 0, status: undefined, delegation: undefined },
        ...{ ownDs: undefined, differences: undefined },
    };
    const learn = (work: Promise<void>) => work.catch((error: Error) => void facts.unanswered.push(error.message));
    await Promise.all([
        learn(fromCloudflare(facts, settings.account, new CloudflareZones(openApi(access, signal)), learn)),
        learn(fromParent(facts, sources)),
        // The old servers may be shut down at the end of a move, when they are no longer needed.
        fromOldServers(facts, sources).catch(() => undefined),
    ]);
    if (facts.status && facts.delegation && !delegatedToUs(facts)) await learn(compareSides(facts, sources));
    return facts;
}

async function compareSides(facts: DnsFacts, sources: Sources): Promise<void> {
    const { zone, records, oldServers, newServers = [], signal, lookup } = sources;
    if (oldServers.length === 0) throw new Error("dns.oldServers: required until the delegation has changed");
    const named = newServers.length > 0 ? newServers : facts.status!.nameServers;
    const [old, fresh] = await Promise.all([oldServers, named].map((labels) => findServers(labels, lookup)));
    const rows = await compare({ zone, records, old, new: fresh, hostnames: facts.hostnames, signal });
    facts.differences = rows.filter(({ equal }) => !equal);
}

async function fromOldServers(facts: DnsFacts, { oldServers, signal, lookup }: Sources): Promise<void> {
    const [server] = await findServers(oldServers.slice(0, 1), lookup);
    const { answers } = await ask(server, { name: facts.zone, type: "NS" }, { signal });
    facts.oldNsTtlSeconds = Math.max(0, ...answers.map(({ ttl }) => ttl));
}

async function fromCloudflare(
    facts: DnsFacts,
    account: string | undefined,
    api: CloudflareZones,
    learn: (work: Promise<void>) => Promise<void>,
): Promise<void> {
    facts.status = await api.zone(facts.zone, account);
    if (!facts.status) return;
    const { id } = facts.status;
    await Promise.all([
        learn(api.ds(id).then((ds) => void (facts.ownDs = ds))),
        learn(api.proxiedNames(id).then((names) => void (facts.proxiedNow = names))),
        api
            .certificates(id)
            .catch((error: Error) => error.message)
            .then((found) => void (facts.certificates = found)),
    ]);
}

/** Queries all servers of the parent zone, since they differ while a change propagates. Servers without an answer are ignored. */
async function fromParent(facts: DnsFacts, sources: Sources): Promise<void> {
    const { zone, parentServers: named = [], signal, lookup } = sources;
    const labels = named.length > 0 ? named : await parentServers(zone, lookup);
    const asked = await Promise.allSettled(
        labels.map(async (label) => {
            const [server] = await findServers([label], lookup);
            return Promise.all(
                ["NS", "DS"].map(async (type) => {
                    const { rcode, answers, authority } = await ask(server, { name: zone, type }, { signal });
                    if (rcode !== "NOERROR" && rcode !== "NXDOMAIN")
                        throw new Error(`${label}: answers ${rcode} for ${zone}`);
                    const rows = type === "NS" ? [...answers, ...authority] : answers;
                    return rows.filter((row) => row.type === type && row.name === zone);
                }),
            );
        }),
    );
    const failed = asked.find((one) => one.status === "rejected");
    if (failed && asked.every((one) => one.status === "rejected")) throw failed.reason;
    const rows = asked.flatMap((one) => (one.status === "fulfilled" ? one.value.flat() : []));
    const valuesOf = (type: string) =>
        [...new Set(rows.filter((row) => row.type === type).map(({ value }) => value))].sort();
    const ttlSeconds = Math.max(0, ...rows.filter(({ type }) => type === "NS").map(({ ttl }) => ttl));
    facts.delegation = { servers: valuesOf("NS"), ttlSeconds };
    facts.ds = valuesOf("DS");
}

/** Whether the parent zone delegates to Cloudflare's servers and no others. */
export function delegatedToUs({ status, delegation }: DnsFacts): boolean {
    const ours = [...(status?.nameServers ?? [])].sort().join(" ");
    return ours !== "" && ours === delegation?.servers.join(" ");
}
