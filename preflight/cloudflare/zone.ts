import { namesOfOurOwn } from "../../components/cloudflare-access";
import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import type { ApiReader } from "../../components/cloudflare/api";
import { CUSTOM_PHASE, RATE_LIMIT_PHASE } from "../../components/cloudflare/edge-rules";
import { tunnelName } from "../../components/cloudflare/tunnel";
import { certificateNeed, type CertificatePack } from "../../dns/cloudflare";
import { problem, warning, type Finding } from "../findings";
import { foreign, gathered, readList } from "./reader";

interface LiveZone {
    id: string;
    account?: { id?: string };
    status?: string;
    name_servers?: string[];
}

/** Settings of a stack for its zone. */
type ZoneSide = Pick<CloudflareAccessArgs, "account" | "hostnames" | "zone" | "dns" | "rateLimit" | "browserChecks">;

/** Checks the zone: its account, and conflicting records and rules. */
export async function zoneFindings(settings: ZoneSide, owner: string, api: ApiReader): Promise<Finding[]> {
    const { account, zone, dns } = settings;
    const permission = zone.manage === "create" ? "Zone: Zone: Edit" : "Zone: Zone: Read";
    const found = await readList<LiveZone>(api, permission, `zones?name=${encodeURIComponent(zone.name)}`);
    const ours = found.find((one) => one.account?.id === account);
    if (ours === undefined) return missing(settings, found);
    return gathered([
        records(settings, owner, ours.id, api),
        rules(settings, owner, ours.id, api),
        // If the config has a move of the zone, the checks of the move report its status and its certificates.
        ...(dns === undefined ? [reachable(settings, ours, api)] : []),
    ]);
}

function missing({ account, zone }: ZoneSide, found: LiveZone[]): Finding[] {
    if (found.length > 0)
        return [
            problem(
                `zone.name: zone ${zone.name} is not in account ${account} but in ${found.map((one) => one.account?.id).join(" and ")}. Correct account, or move the zone.`,
            ),
        ];
    if (zone.manage !== "existing") return [];
    return [
        problem(
            `zone.name: the token can read no zone ${zone.name}. Give the token "Zone: Zone: Read" for the zone. If the zone does not exist yet, set zone.manage to create.`,
        ),
    ];
}

/** Warns if callers cannot reach the names: the zone is not active, or a name has no certificate. */
async function reachable({ zone, hostnames }: ZoneSide, live: LiveZone, api: ApiReader): Promise<Finding[]> {
    const { id, status, name_servers: servers = [] } = live;
    if (status !== "active")
        return [
            warning(
                `zone: ${zone.name} is ${status}, so no caller reaches it. Set the name servers at the registrar to ${servers.join(" and ") || "those of the zone"}: Cloudflare deletes a free zone 28 days after its creation, or 7 days after it has lost its delegation.`,
            ),
        ];
    const { result } = await api.get<Partial<CertificatePack>[]>(`zones/${id}/ssl/certificate_packs?status=all`);
    const need =
        result &&
        certificateNeed(
            hostnames,
            result.map(({ status = "", hosts = [] }) => ({ status, hosts })),
        );
    return need === undefined ? [] : [warning(`hostname: ${need}`)];
}

/** Record types that conflict with a CNAME. MX and TXT do not: Cloudflare flattens the CNAME. */
const CLASHING = ["A", "AAAA", "CNAME"];

/**
 * Rejects foreign records of the host names. A record of this stack points to its tunnel, or to a deleted tunnel with the
 * same name.
 */
async function records(settings: ZoneSide, owner: string, zoneId: string, api: ApiReader): Promise<Finding[]> {
    const name = tunnelName(owner);
    const tunnels = await readList<{ id?: string; name?: string }>(
        api,
        "Account: Cloudflare Tunnel: Edit",
        `accounts/${settings.account}/cfd_tunnel?name=${encodeURIComponent(name)}`,
    );
    const ours = tunnels.filter((one) => one.name === name).map(({ id }) => `${id}.cfargotunnel.com`);
    const found = namesOfOurOwn(settings).map(async (hostname) => {
        const path = `zones/${zoneId}/dns_records?name=${encodeURIComponent(hostname)}`;
        const live = await readList<{ type: string; content: string }>(api, "Zone: DNS: Edit", path);
        const other = live.find(
            ({ type, content }) => CLASHING.includes(type) && (type !== "CNAME" || !ours.includes(content)),
        );
        if (other === undefined) return [];
        return [
            problem(
                `hostname: ${hostname} already has another record (${other.type} ${other.content}). Delete that record when callers can switch, or choose another name.`,
            ),
        ];
    });
    return (await Promise.all(found)).flat();
}

/** Rejects foreign rulesets: a zone has only one ruleset for each phase. */
async function rules(settings: ZoneSide, owner: string, zoneId: string, api: ApiReader): Promise<Finding[]> {
    const wanted = [
        ...(settings.rateLimit ? [{ phase: RATE_LIMIT_PHASE, key: "rateLimit", advice: "remove rateLimit" }] : []),
        ...(settings.browserChecks === "skip"
            ? [{ phase: CUSTOM_PHASE, key: "browserChecks", advice: "set browserChecks to keep" }]
            : []),
    ];
    if (wanted.length === 0) return [];
    const path = `zones/${zoneId}/rulesets`;
    const live = await readList<{ name?: string; kind?: string; phase?: string }>(api, "Zone: Zone WAF: Edit", path);
    return wanted.flatMap(({ phase, key, advice }) => {
        const theirs = live.find((one) => one.kind === "zone" && one.phase === phase && one.name !== owner);
        if (theirs === undefined) return [];
        return [
            problem(
                `${key}: phase ${phase} of the zone, which can have only one ruleset, has ${foreign(theirs.name)} keep those rules, ${advice}, and add the rule of docs/operate/service-tokens.md by hand.`,
            ),
        ];
    });
}
