import { namesOfOurOwn } from "../../components/cloudflare-access";
import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import { openApi, reasonOf, type ApiAccess, type ApiReader } from "../../components/cloudflare/api";
import type { ExposureSettings } from "../../components/cloudflare/exposure";
import type { DnsSettings } from "../../dns/facts";
import { dnsReport } from "../../dns/phases";
import { PreflightError, problem, warning, warningsOf, type Finding } from "../findings";
import { applications, secretVersions, team } from "./account";
import { gathered } from "./reader";
import { zoneFindings } from "./zone";

/** Settings, with the name servers to query during a move. */
type Settings = CloudflareAccessArgs & { dns?: Omit<DnsSettings, "zone"> };

/** Subject of the problems, for the first line of the error. */
const ACCOUNT = "the Cloudflare account";

/** Time limit of all checks, in seconds, so that an operator without a network gets the error soon. */
const LIMIT_SECONDS = 30;

/**
 * Checks the account and the zone before anything is changed in them.
 * @param owner name of the running stack, as in the owner annotations
 * @returns warnings for the operator
 * @throws PreflightError with every problem, or with the address of an API that does not answer in 30 s
 */
export function cloudflarePreflight(
    settings: Settings,
    owner: string,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<string[]> {
    return checkAccount(access, limitSeconds, (api) => [
        zoneFindings(settings, owner, api),
        applications(settings, owner, api),
        secretVersions(settings, owner, api),
        team(settings, api),
        move(settings, access),
    ]);
}

/** Checks for a gateway behind Cloudflare. There are no checks of Access, because such a gateway does not use Access. */
export function exposurePreflight(
    settings: ExposureSettings,
    owner: string,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<string[]> {
    return checkAccount(access, limitSeconds, (api) => [
        zoneFindings({ ...settings, hostnames: [settings.hostname] }, owner, api),
    ]);
}

async function checkAccount(
    access: ApiAccess,
    limitSeconds: number,
    checks: (api: ApiReader) => Promise<Finding[]>[],
): Promise<string[]> {
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    const found = await gathered(checks(openApi(access, signal))).catch((error: unknown) => {
        const why = signal.aborted ? `no answer in ${limitSeconds} s` : reasonOf(error);
        throw new PreflightError(ACCOUNT, [
            `cloudflare: the API at ${access.baseUrl} does not answer (${why}). Check the network, and CLOUDFLARE_BASE_URL if it is set.`,
        ]);
    });
    return warningsOf(ACCOUNT, found);
}

/** Compares the progress of the zone's move with the phase in the config. */
async function move({ account, zone, dns, hostnames }: Settings, access: ApiAccess): Promise<Finding[]> {
    if (dns === undefined) return [];
    const own = namesOfOurOwn({ hostnames, dns });
    const { problems, notes } = await dnsReport({ zone: zone.name, account, hostnames: own, ...dns }, access);
    return [...problems.map(problem), ...notes.map(warning)];
}
