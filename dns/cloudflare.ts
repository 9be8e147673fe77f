/** Reads the state of a zone's move from Cloudflare's API. No error quotes the token. */

export interface CloudflareAccess {
    /** URL with `/client/v4`, without a trailing slash. */
    baseUrl: string;
    token: string;
}

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

/** Records of one page. */
const PAGE = 100;
const DEFAULT_URL = "https://api.cloudflare.com/client/v4";

/** Reads URL and token from the environment variables of the Cloudflare provider; undefined without a token. */
export function accessFromEnvironment(env = process.env): CloudflareAccess | undefined {
    const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_BASE_URL: url } = env;
    return token ? { token, baseUrl: (url || DEFAULT_URL).replace(/\/+$/, "") } : undefined;
}

/** The API calls that a move needs. */
export class CloudflareZones {
    constructor(
        private readonly access: CloudflareAccess,
        private readonly signal?: AbortSignal,
    ) {}

    /** Status of a zone; undefined if the token can read no such zone. @param account account of the zone, if known */
    async zone(name: string, account?: string): Promise<ZoneStatus | undefined> {
        const within = account === undefined ? "" : `&account.id=${encodeURIComponent(account)}`;
        const found = (await this.get(`zones?name=${encodeURIComponent(name)}${within}`)) as ZoneAnswer[];
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
        const found = (await this.get(`zones/${id}/dnssec`)) as DnssecAnswer;
        if (found.status === "disabled" || !found.digest) return undefined;
        const type = found.digest_type ?? 2;
        return `${found.key_tag} ${found.algorithm} ${type} ${String(found.digest).toLowerCase()}`;
    }

    /** Names that Cloudflare proxies now. */
    async proxiedNames(id: string): Promise<string[]> {
        const names = new Set<string>();
        for (let page = 1, full = true; full; page++) {
            const path = `zones/${id}/dns_records?proxied=true&page=${page}&per_page=${PAGE}`;
            const found = (await this.get(path)) as { name: string; proxied?: boolean }[];
            for (const { name, proxied } of found) if (proxied === true) names.add(name.toLowerCase());
            full = found.length === PAGE;
        }
        return [...names];
    }

    async certificates(id: string): Promise<CertificatePack[]> {
        const packs = (await this.get(`zones/${id}/ssl/certificate_packs?status=all`)) as Partial<CertificatePack>[];
        return packs.map(({ status, hosts }) => ({ status: status ?? "", hosts: hosts ?? [] }));
    }

    private async get(path: string): Promise<unknown> {
        const where = path.replace(/\?.*/, "");
        let answer: Response;
        try {
            answer = await fetch(`${this.access.baseUrl}/${path}`, {
                headers: { Authorization: `Bearer ${this.access.token}`, Accept: "application/json" },
                signal: this.signal,
                redirect: "error", // A redirect would send the token to another address.
            });
        } catch (error) {
            const { name, cause, message } = error as Error & { cause?: { code?: string; message?: string } };
            const why = name === "AbortError" ? "no answer in time" : (cause?.code ?? cause?.message ?? message);
            throw new Error(`Cloudflare GET ${where}: ${why}`);
        }
        const body = (await answer.json().catch(() => undefined)) as
            | { result?: unknown; errors?: { code?: number; message?: string }[] }
            | undefined;
        if (answer.ok && body?.result !== undefined) return body.result;
        const said = body?.errors?.map(({ code, message }) => `${code} ${message}`).join(", ");
        throw new Error(`Cloudflare GET ${where}: ${answer.status}${said ? ` (${said})` : ""}`);
    }
}
