import type { ApiAccess } from "../components/cloudflare/api";
import { gatherDnsFacts, type DnsSettings } from "./facts";
import { phaseNotes, phaseProblems } from "./phases";
import { type Lookup } from "./servers";

export type { DnsSettings };

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
    const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
    const facts = await gatherDnsFacts(settings, access, { signal, ...options });
    const { phase } = settings;
    return { problems: phaseProblems(phase, facts), notes: phaseNotes(phase, facts) };
}
