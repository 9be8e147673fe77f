import { type Phase, type ZoneRecord } from "../components/cloudflare/dns-record";
import type { ApiAccess } from "../components/cloudflare/api";
import { gatherDnsFacts } from "./facts";
import { phaseNotes, phaseProblems } from "./phases";
import { type Lookup } from "./servers";

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

export interface DnsReport {
    problems: string[];
    /** Warnings, which do not stop the run. */
    notes: string[];
}

/** Time limit of this check, in seconds: below that of the whole preflight. */
const LIMIT_SECONDS = 25;

/** Problems and warnings about the phase in the config. Runs before every preview and update. */
export async function dnsReport(
    settings: DnsSettings,
    access: ApiAccess,
    options: { lookup?: Lookup; now?: Date } = {},
): Promise<DnsReport> {
    const { zone, account, phase, records, hostnames, oldServers, newServers, parentServers } = settings;
    const facts = await gatherDnsFacts({
        ...{ zoneName: zone, account, records, hostnames, oldServers },
        newServers: newServers?.length ? newServers : undefined,
        parentServers: parentServers?.length ? parentServers : undefined,
        api: access,
        signal: AbortSignal.timeout(LIMIT_SECONDS * 1000),
        ...options,
    });
    return { problems: phaseProblems(phase, facts), notes: phaseNotes(phase, facts) };
}
