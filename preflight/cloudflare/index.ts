import { namesOfOurOwn } from "../../components/cloudflare-access";
import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import { openApi, type ApiAccess, type ApiReader } from "../../components/cloudflare/api";
import type { ExposureSettings } from "../../components/cloudflare/exposure";
import { dnsReport, type DnsSettings } from "../../dns/preflight";
import { accountFindings, tunnel } from "./account";
import { FindingsReader } from "./findings";
import { zoneFindings } from "./zone";
import { PreflightError } from "../preflight-error";

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
export async function cloudflarePreflight(
    settings: Settings,
    owner: string,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<string[]> {
    return checkAccount(settings.account, access, limitSeconds, (findings) => [
        accountFindings(settings, owner, findings),
        zoneFindings(settings, owner, findings),
        move(settings, access, findings),
    ]);
}

/** Checks for a gateway behind Cloudflare. There are no checks of Access, because such a gateway does not use Access. */
export async function exposurePreflight(
    settings: ExposureSettings,
    owner: string,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<string[]> {
    return checkAccount(settings.account, access, limitSeconds, (findings) => [
        tunnel(settings, owner, findings),
        zoneFindings({ ...settings, hostnames: [settings.hostname] }, owner, findings),
    ]);
}

async function checkAccount(
    account: string,
    access: ApiAccess,
    limitSeconds: number,
    checks: (findings: FindingsReader) => Promise<void>[],
): Promise<string[]> {
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    const api = openApi(access, signal);
    const findings = new FindingsReader(api);
    try {
        await token(account, api, findings);
        // With an invalid token, every other answer would only repeat the error.
        if (findings.problems.length === 0) await Promise.all(checks(findings));
    } catch (error) {
        const why = signal.aborted ? `no answer in ${limitSeconds} s` : reasonOf(error);
        throw new PreflightError(ACCOUNT, [
            `cloudflare: the API at ${access.baseUrl} does not answer (${why}). Check the network, and CLOUDFLARE_BASE_URL if it is set.`,
        ]);
    }
    if (findings.problems.length > 0) throw new PreflightError(ACCOUNT, findings.problems);
    return findings.warnings;
}

/** Compares the progress of the zone's move with the phase in the config. */
async function move(
    { account, zone, dns, hostnames }: Settings,
    { token, baseUrl }: ApiAccess,
    findings: FindingsReader,
): Promise<void> {
    if (dns === undefined) return;
    const { problems, notes } = await dnsReport(
        { zone: zone.name, account, hostnames: namesOfOurOwn({ hostnames, dns }), ...dns },
        { token: token!, baseUrl },
    );
    findings.problems.push(...problems);
    findings.warnings.push(...notes);
}

/** Verifies the API token. Tokens of users and of accounts have different routes, so both are tried. */
async function token(account: string, api: ApiReader, findings: FindingsReader): Promise<void> {
    const asked = await api.get<{ status?: string }>("user/tokens/verify");
    const own = asked.result ? asked : await api.get<{ status?: string }>(`accounts/${account}/tokens/verify`);
    const status = asked.result?.status ?? own.result?.status;
    if (status === "active") return;
    const why = status === undefined ? asked.said : `it is ${status}`;
    findings.problems.push(
        `cloudflare:apiToken: Cloudflare does not accept this token (${why}). Create a token with the permissions of docs/set-up/cloudflare.md, and set cloudflare:apiToken to that token.`,
    );
}

function reasonOf(error: unknown): string {
    const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    return String(cause?.code ?? cause?.message ?? message).split("\n")[0];
}
