import { namesOfOurOwn } from "../../components/cloudflare-access";
import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import { CUSTOM_PHASE, RATE_LIMIT_PHASE } from "../../components/cloudflare/edge-rules";
import { workerName } from "../../components/cloudflare/edge-worker";
import { tunnelName } from "../../components/cloudflare/tunnel";
import { certificateNeed } from "../../dns/certificates";
import type { CertificatePack } from "../../dns/cloudflare";
import { anotherStack } from "./another-stack";
import type { FindingsReader } from "./findings";

const PLANS = ["free", "pro", "business", "enterprise"];

interface LiveZone {
    id: string;
    account?: { id?: string };
    status?: string;
    name_servers?: string[];
    plan?: { legacy_id?: string };
}

/** Settings of a stack for its zone. */
type ZoneSide = Pick<
    CloudflareAccessArgs,
    | "account"
    | "hostnames"
    | "zone"
    | "plan"
    | "dns"
    | "rateLimit"
    | "browserChecks"
    | "defaultModel"
    | "proxyTimeoutSeconds"
>;

/** Checks the zone: its account, its plan, and conflicting records and rules. */
export async function zoneFindings(settings: ZoneSide, owner: string, findings: FindingsReader): Promise<void> {
    const { account, zone, plan } = settings;
    const permission = zone.manage === "create" ? "Zone: Zone: Edit" : "Zone: Zone: Read";
    const found = await findings.list<LiveZone>(permission, `zones?name=${encodeURIComponent(zone.name)}`);
    if (found === undefined) return;
    const ours = found.find((one) => one.account?.id === account);
    if (ours === undefined) return missing(settings, found, findings);
    const real = ours.plan?.legacy_id ?? "";
    if (PLANS.includes(real) && PLANS.indexOf(real) < PLANS.indexOf(plan))
        findings.problems.push(
            `zone.plan: zone ${zone.name} has plan ${real} (got ${plan}). Set ${real}, or order plan ${plan} first.`,
        );
    // If the config has a move of the zone, the checks of the move report an inactive zone.
    if (settings.dns === undefined) asleep(settings, ours, findings);
    await Promise.all([
        names(settings, owner, ours, findings),
        settings.dns !== undefined && strangers(settings, ours.id, findings),
        rules(settings, owner, ours.id, findings),
        settings.defaultModel !== undefined && workers(settings, owner, ours.id, findings),
        settings.proxyTimeoutSeconds !== undefined
            ? timeout(ours.id, findings)
            : [plan, real].includes("enterprise") && leftTimeout(settings, ours.id, findings),
    ]);
}

function missing({ account, zone }: ZoneSide, found: LiveZone[], findings: FindingsReader): void {
    if (found.length > 0)
        findings.problems.push(
            `zone.name: zone ${zone.name} is not in account ${account} but in ${found.map((one) => one.account?.id).join(" and ")}. Correct account, or move the zone.`,
        );
    else if (zone.manage === "existing")
        findings.problems.push(
            `zone.name: the token can read no zone ${zone.name}. Give the token "Zone: Zone: Read" for the zone. If the zone does not exist yet, set zone.manage to create.`,
        );
}

/**
 * Warns about a zone that is not active: no name resolves before the registrar delegates to its servers, and Cloudflare
 * deletes a pending zone after some time.
 */
function asleep({ zone }: ZoneSide, { status, name_servers: servers = [] }: LiveZone, findings: FindingsReader) {
    const registrar = `Set the name servers at the registrar to ${servers.join(" and ") || "its name servers"}.`;
    if (status === "pending" || status === "initializing")
        findings.warnings.push(
            `zone: ${zone.name} is pending, so no caller reaches it yet. On plan free, Cloudflare deletes the zone 28 days after its creation. ${registrar}`,
        );
    if (status === "moved")
        findings.warnings.push(
            `zone: ${zone.name} no longer uses Cloudflare's name servers. After 7 days, Cloudflare deletes the zone with all its records. ${registrar}`,
        );
}

async function names(
    settings: ZoneSide,
    owner: string,
    { id, status }: LiveZone,
    findings: FindingsReader,
): Promise<void> {
    const fresh = await records(settings, owner, id, findings);
    if (settings.dns === undefined && status === "active")
        await certificates(settings, id, fresh ? "warn" : "ignore", findings);
}

/**
 * Checks the certificates, since the TLS handshake of callers fails without one. A pending zone gets its certificate when
 * it becomes active.
 * @param unreadable what to do if the token may not read the certificates: `warn` if the run points a name to the tunnel
 */
async function certificates(
    { hostnames }: ZoneSide,
    zoneId: string,
    unreadable: "warn" | "ignore",
    findings: FindingsReader,
) {
    const packs = await findings.getIfAllowed<Partial<CertificatePack>[]>(
        `zones/${zoneId}/ssl/certificate_packs?status=all`,
    );
    if (packs === undefined && unreadable === "ignore") return;
    const known = packs?.map(({ status = "", hosts = [] }) => ({ status, hosts }));
    const need = certificateNeed(hostnames, known ?? "the token may not read them");
    if (need !== undefined) findings.warnings.push(`hostname: ${need}`);
}

/** How many records a warning names at most. */
const MOST_NAMED = 10;

/** Record types that conflict with a CNAME. MX and TXT do not: Cloudflare flattens the CNAME. */
const CLASHING = ["A", "AAAA", "CNAME"];

/**
 * Rejects foreign records of the host names. A record of this stack points to its tunnel, or to a deleted tunnel with the
 * same name.
 * @returns whether a name has no record of this stack yet
 */
async function records(settings: ZoneSide, owner: string, zoneId: string, findings: FindingsReader): Promise<boolean> {
    let fresh = false;
    const tunnels = await findings.list<{ id?: string; name?: string }>(
        "Account: Cloudflare Tunnel: Edit",
        `accounts/${settings.account}/cfd_tunnel?name=${encodeURIComponent(tunnelName(owner))}`,
    );
    if (tunnels === undefined) return fresh;
    const ours = tunnels
        .filter(({ name }) => name === tunnelName(owner))
        .map(({ id }) => `${id ?? ""}.cfargotunnel.com`);
    for (const hostname of namesOfOurOwn(settings)) {
        const found = await findings.list<{ type?: string; content?: string }>(
            "Zone: DNS: Edit",
            `zones/${zoneId}/dns_records?name=${encodeURIComponent(hostname)}`,
        );
        fresh ||= found !== undefined && !found.some(({ content = "" }) => ours.includes(content));
        const other = found
            ?.filter(({ type = "" }) => CLASHING.includes(type))
            .find(({ type, content = "" }) => type !== "CNAME" || !ours.includes(content));
        if (other)
            findings.problems.push(
                `hostname: ${hostname} already has another record (${other.type} ${other.content}). Delete that record when callers can switch, or choose another name.`,
            );
    }
    return fresh;
}

/** Warns about records that the config lacks. Cloudflare's scan of a new zone, or a user, created them. */
async function strangers({ hostnames, dns }: ZoneSide, zoneId: string, findings: FindingsReader): Promise<void> {
    const live = await findings.list<{ name?: string; type?: string }>(
        "Zone: DNS: Edit",
        `zones/${zoneId}/dns_records`,
    );
    const known = [...hostnames.map((name) => `${name} CNAME`), ...dns!.records.map((r) => `${r.name} ${r.type}`)];
    const found = (live ?? []).map(({ name = "", type = "" }) => `${name.toLowerCase()} ${type}`);
    const unknown = [...new Set(found)].filter((one) => !known.includes(one)).sort();
    if (unknown.length === 0) return;
    const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : "";
    findings.warnings.push(
        `dns: Cloudflare has records that are not in the records file: ${unknown.slice(0, MOST_NAMED).join(", ")}${more}. The stack does not change them: add them to the file, or delete them at Cloudflare.`,
    );
}

/** Rejects foreign rulesets: a zone has only one ruleset for each phase. */
async function rules(settings: ZoneSide, owner: string, zoneId: string, findings: FindingsReader) {
    const wanted = [
        ...(settings.rateLimit ? [{ phase: RATE_LIMIT_PHASE, key: "rateLimit", advice: "remove rateLimit" }] : []),
        ...(settings.browserChecks === "skip"
            ? [{ phase: CUSTOM_PHASE, key: "browserChecks", advice: "set browserChecks to keep" }]
            : []),
    ];
    if (wanted.length === 0) return;
    const found = await findings.list<{ name?: string; kind?: string; phase?: string }>(
        "Zone: Zone WAF: Edit",
        `zones/${zoneId}/rulesets`,
    );
    for (const { phase, key, advice } of wanted) {
        const theirs = found?.find((one) => one.kind === "zone" && one.phase === phase && one.name !== owner);
        if (theirs === undefined) continue;
        const other = anotherStack(theirs.name, owner);
        const keep = `o keep those rules, ${advice}, and add the rule of docs/operate/service-tokens.md by hand.`;
        findings.problems.push(
            other
                ? `${key}: the zone has the rules of stack ${other.stack} in phase ${phase}, which allows only one ruleset. ${other.advice} Otherwise, t${keep}`
                : `${key}: the zone has foreign rules in phase ${phase} ("${theirs.name}"), which allows only one ruleset. T${keep}`,
        );
    }
}

/**
 * Rejects foreign Workers on a path of the service, which would get its requests, and warns about a Worker that this run
 * would overwrite.
 */
async function workers({ account, hostnames }: ZoneSide, owner: string, zoneId: string, findings: FindingsReader) {
    const name = workerName(owner);
    const [routes, scripts] = await Promise.all([
        findings.list<{ pattern?: string; script?: string }>(
            "Zone: Workers Routes: Edit",
            `zones/${zoneId}/workers/routes`,
        ),
        findings.list<{ id?: string }>("Account: Workers Scripts: Edit", `accounts/${account}/workers/scripts`),
    ]);
    const hostOf = (pattern = "") =>
        pattern
            .replace(/^https?:\/\//, "")
            .split("/")[0]
            .toLowerCase();
    const theirs =
        routes?.filter(({ pattern, script }) => hostnames.includes(hostOf(pattern)) && script !== name) ?? [];
    for (const { pattern, script } of theirs)
        findings.problems.push(
            `hostname: ${hostOf(pattern)} has a foreign Worker (route ${pattern}, Worker ${script ?? "none"}). Delete that route, or choose another name.`,
        );
    const isOurs = routes?.some(({ script }) => script === name) ?? true;
    if (!isOurs && scripts?.some(({ id }) => id === name))
        findings.warnings.push(
            `edgeWorker: the account has a Worker ${name} without a route in the zone. This run overwrites that Worker. Rename the Worker first, unless an earlier run of this stack created it.`,
        );
}

const TIMEOUT = "proxy_read_timeout";

async function timeout(zoneId: string, findings: FindingsReader) {
    const setting = await findings.get<{ editable?: boolean }>(
        "Zone: Zone Settings: Edit",
        `zones/${zoneId}/settings/${TIMEOUT}`,
    );
    if (setting?.editable === false)
        findings.problems.push(
            "proxyTimeoutSeconds: the zone's plan does not include this setting (Cloudflare reports it as not editable). Remove proxyTimeoutSeconds, or order plan enterprise.",
        );
}

/** Default proxy read timeout of a zone, in seconds: the same as DEFAULT_PROXY_TIMEOUT of the config. */
const UNTOUCHED_TIMEOUT = 125;

/** Warns about a timeout that the stack no longer sets: Cloudflare keeps it, but the checks assume the default. */
async function leftTimeout({ zone }: ZoneSide, zoneId: string, findings: FindingsReader) {
    const setting = await findings.getIfAllowed<{ value?: unknown }>(`zones/${zoneId}/settings/${TIMEOUT}`);
    const seconds = setting?.value;
    if (typeof seconds !== "number" || seconds === UNTOUCHED_TIMEOUT) return;
    findings.warnings.push(
        `proxyTimeoutSeconds: not set, but zone ${zone.name} has ${seconds} s, and this stack does not reset the zone's value. Set ${UNTOUCHED_TIMEOUT} to restore the default, or ${seconds} to keep the zone's value and use it in the checks.`,
    );
}
