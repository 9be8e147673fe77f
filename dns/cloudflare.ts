/** Reads the state of a zone's move from Cloudflare's API. No error quotes the token. */
import { reasonOf, type Answer, type ApiReader } from "../components/cloudflare/api";

export interface ZoneStatus {
    id: string;
    /** `initializing`, `pending`, `active` or `moved`. */
    status: string;
    nameServers: string[];
    createdOn?: Date;
    activatedOn?: Date;
    paused: boolean;
}

export interface CertificatePack {
    status: string;
    hosts: string[];
}

/** The used fields of the API's answers. */
interface ZoneAnswer {
    id: string;
    name: string;
    status: string;
    name_servers?: string[];
    created_on?: string | null;
    activated_on?: string | null;
    paused?: boolean;
}
interface DnssecAnswer {
    status: string;
    key_tag?: number | null;
    algorithm?: string | number | null;
    digest?: string | null;
    digest_type?: string | number | null;
}

/** The API calls that a move needs. */
export class CloudflareZones {
    constructor(private readonly api: ApiReader) {}

    /** Status of a zone; undefined if the token can read no such zone. @param account account of the zone, if known */
    async zone(name: string, account?: string): Promise<ZoneStatus | undefined> {
        const within = account === undefined ? "" : `&account.id=${encodeURIComponent(account)}`;
        const path = `zones?name=${encodeURIComponent(name)}${within}`;
        const found = await resultOf(path, this.api.list<ZoneAnswer>(path));
        const zone = found.find((one) => one.name === name);
        if (!zone) return undefined;
        const date = (text: string | null | undefined) => (text ? new Date(text) : undefined);
        return {
            id: zone.id,
            status: zone.status,
            nameServers: (zone.name_servers ?? []).map((one) => one.toLowerCase()),
            createdOn: date(zone.created_on),
            activatedOn: date(zone.activated_on),
            paused: zone.paused === true,
        };
    }

    /** Value of the DS record for the zone's signatures; undefined while the zone is not signed. */
    async ds(id: string): Promise<string | undefined> {
        const path = `zones/${id}/dnssec`;
        const found = await resultOf(path, this.api.get<DnssecAnswer>(path));
        if (found.status === "disabled" || !found.digest) return undefined;
        const type = found.digest_type ?? 2;
        return `${found.key_tag} ${found.algorithm} ${type} ${String(found.digest).toLowerCase()}`;
    }

    /** Names that Cloudflare proxies now. */
    async proxiedNames(id: string): Promise<string[]> {
        const path = `zones/${id}/dns_records?proxied=true`;
        const found = await resultOf(path, this.api.list<{ name: string; proxied?: boolean }>(path));
        return [...new Set(found.filter(({ proxied }) => proxied).map(({ name }) => name.toLowerCase()))];
    }

    async certificates(id: string): Promise<CertificatePack[]> {
        const path = `zones/${id}/ssl/certificate_packs?status=all`;
        const packs = await resultOf(path, this.api.get<Partial<CertificatePack>[]>(path));
        return packs.map(({ status = "", hosts = [] }) => ({ status, hosts }));
    }
}

async function resultOf<T>(path: string, asked: Promise<Answer<T>>): Promise<T> {
    const { result, said } = await asked.catch((error: unknown) => ({ result: undefined, said: reasonOf(error) }));
    if (result === undefined) throw new Error(`Cloudflare GET ${path.replace(/\?.*/, "")}: ${said}`);
    return result;
}

/**
 * Returns what is missing if a name has no active edge certificate, as a text that begins with "needs". A wildcard covers one
 * level.
 * @param packs the certificates, or the reason why they are unknown
 */
export function certificateNeed(names: string[], packs: CertificatePack[] | string): string | undefined {
    if (names.length === 0) return undefined;
    if (typeof packs === "string")
        return `needs the edge certificates, which cannot be read (${packs}). Give the token "Zone: SSL and Certificates: Read".`;
    const active = packs.filter(({ status }) => status === "active").flatMap(({ hosts }) => hosts);
    const bare = names.filter((name) => !active.includes(name) && !active.includes(name.replace(/^[^.]+/, "*")));
    if (bare.length === 0) return undefined;
    const states = [...new Set(packs.map(({ status }) => status))].join(", ") || "no certificate";
    return `needs an active edge certificate for ${bare.join(", ")} (got ${states}). Wait up to 24 h; a name two levels below the zone needs an advanced certificate.`;
}
