/** Conditions for the next phase of a zone, and effects of a rollback. Pure functions of the facts. */
import { type Phase } from "../components/cloudflare/dns-record";
import type { ApiAccess } from "../components/cloudflare/api";
import { certificateNeed } from "./cloudflare";
import { delegatedToUs, gatherDnsFacts, type DnsFacts, type DnsSettings } from "./facts";
import { type Lookup } from "./servers";

/** Time limit of the check, in seconds: below that of the whole preflight. */
const LIMIT_SECONDS = 25;
/**
 * Days after which Cloudflare deletes a free zone. `pending`: the zone never had a delegation. `moved`: the zone has lost
 * its delegation.
 */
const DELETED_AFTER_DAYS = { pending: 28, moved: 7 };
const DAY_MS = 24 * 60 * 60 * 1000;
const CHECK = "npm run ops -- check dns";

/** Problems, and warnings that do not stop the run, about the phase in the config. Runs before every preview and update. */
export async function dnsReport(
    settings: DnsSettings,
    access: ApiAccess,
    options: { lookup?: Lookup; now?: Date } = {},
): Promise<{ problems: string[]; notes: string[] }> {
    const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
    const facts = await gatherDnsFacts(settings, access, { signal, ...options });
    return { problems: phaseProblems(settings.phase, facts), notes: phaseNotes(settings.phase, facts) };
}

/** Returns why a zone must not enter a phase yet. Empty if the zone may enter the phase, or has already reached it. */
export function phaseProblems(phase: Phase, facts: DnsFacts): string[] {
    if (isReached(phase, facts)) return [];
    const say = (what: string) => `dns.phase: ${phase} ${what}`;
    const { status, zone, unanswered } = facts;
    if (unanswered.length > 0)
        return unanswered.map((why) =>
            say(
                `needs the state of the move, which is unknown (${why}). Solve this; until then keep the phase and the proxied names of the last run.`,
            ),
        );
    if (!status)
        return [
            say(
                `needs the zone at Cloudflare (the API token can read no zone ${zone}). Give the token "Zone: Zone: Read" for this zone; if the zone does not exist yet, begin with phase mirror.`,
            ),
        ];
    const needs = phase === "delegated" ? differences(facts) : missing(phase, facts);
    return [...foreignDs(facts), ...needs].map(say);
}

/**
 * Whether Cloudflare already has the state of a phase or of a later one. In that case the phase is never rejected, because a
 * run that revokes a token or corrects a record must not wait for a name server.
 */
function isReached(phase: Phase, facts: DnsFacts): boolean {
    const { status, proxied, proxiedNow, ownDs } = facts;
    const active = status?.status === "active";
    switch (phase) {
        case "mirror":
            return true;
        case "delegated":
            return active || delegatedToUs(facts) || proxied.some((name) => proxiedNow.includes(name));
        case "proxied":
            return (active || proxied.length > 0) && proxied.every((name) => proxiedNow.includes(name));
        case "signed":
            return ownDs !== undefined && isReached("proxied", facts);
    }
}

/** Requirements of the later phases, in addition to the absence of foreign DS records. */
function missing(phase: Phase, facts: DnsFacts): string[] {
    // The stack's own names are included, because they are proxied from the start.
    const names = [...new Set([...facts.hostnames, ...facts.proxied])];
    const certificate = certificateNeed(names, facts.certificates) ?? [];
    return [...settled(facts), certificate, ...(phase === "signed" ? oldAnswersGone(facts) : [])].flat();
}

/** Rejects DS records without a matching key at Cloudflare: validating resolvers would reject the whole zone. */
function foreignDs({ ds, ownDs, zone }: DnsFacts): string[] {
    const foreign = ds.filter((value) => value !== ownDs);
    if (foreign.length === 0) return [];
    return [
        `needs the parent zone to have no DS record for ${zone} except Cloudflare's (got ${foreign.join("; ")}). ` +
            "Remove it at the registrar and wait until its TTL has passed; 24 h is safe.",
    ];
}

function differences({ differences: rows }: DnsFacts): string[] {
    if (rows === undefined) return [`needs a comparison of the old and the new name servers. Run: ${CHECK}`];
    if (rows.length === 0) return [];
    const first = rows.slice(0, 3).map(({ name, type }) => `${name} ${type}`);
    const more = rows.length > 3 ? " …" : "";
    return [
        `needs equal answers of the old and the new name servers (${rows.length} differ: ${first.join(", ")}${more}). See: ${CHECK}`,
    ];
}

function settled(facts: DnsFacts): string[] {
    const { status, delegation } = facts;
    const problems: string[] = [];
    if (!delegatedToUs(facts))
        problems.push(
            `needs exactly ${status!.nameServers.join(" and ")} as name servers in the parent zone (got ${delegation?.servers.join(", ") || "none"}). Set them at the registrar.`,
        );
    if (status!.status !== "active")
        problems.push(
            `needs the zone active at Cloudflare (got ${status!.status}). Wait, or call activation_check of Cloudflare's API.`,
        );
    if (status!.paused) problems.push("needs the zone to serve traffic, but it is paused. Resume it at Cloudflare.");
    return problems;
}

/**
 * Checks that no resolver still queries the old servers. Their answers have no signatures, so a DS record would make them
 * invalid (bogus).
 */
function oldAnswersGone({ status, delegation, oldNsTtlSeconds, ds, ownDs, now }: DnsFacts): string[] {
    if (ownDs !== undefined && ds.includes(ownDs)) return []; // The DS record is already published.
    const since = status!.activatedOn;
    // Resolvers use the TTL of the parent zone's delegation, or of the old zone's own NS records.
    const kept = Math.max(delegation?.ttlSeconds ?? 0, oldNsTtlSeconds);
    const until = since && new Date(since.getTime() + kept * 1000);
    if (until && until <= now) return [];
    return [
        `needs resolvers to have dropped the old delegation from their caches (${until ? `not before ${until.toISOString()}` : "the time at which the zone became active is unknown"}). Wait.`,
    ];
}

/** Warnings in a phase: what is broken, the DS record to publish, and when Cloudflare deletes the zone. */
export function phaseNotes(phase: Phase, facts: DnsFacts): string[] {
    const { status, ds, ownDs, unanswered } = facts;
    const notes: string[] = [];
    const reached = isReached(phase, facts);
    if (reached) notes.push(...unanswered.map((why) => `dns: the state of the move is unknown (${why}).`));
    if (!status) return notes;
    if (reached && (phase === "proxied" || phase === "signed") && unanswered.length === 0)
        notes.push(
            ...missing(phase, lookedAt(facts)).map((what) => `dns: phase ${phase} is already reached, but it ${what}`),
        );
    const foreign = ds.filter((value) => value !== ownDs);
    if (delegatedToUs(facts) && foreign.length > 0)
        notes.push(
            `dns: validating resolvers cannot resolve the zone, since the parent zone has a DS record that is not Cloudflare's (${foreign.join("; ")}). Remove it at the registrar.`,
        );
    if (phase !== "signed" && ownDs !== undefined && ds.includes(ownDs))
        notes.push(
            "dns: the zone stays signed. Before its delegation leaves Cloudflare: remove the DS record at the registrar and wait until its TTL has passed.",
        );
    const publish = unanswered.length === 0 && foreign.length === 0 && oldAnswersGone(facts).length === 0;
    if (phase === "signed" && ownDs !== undefined && !ds.includes(ownDs) && publish)
        notes.push(
            `dns: resolvers do not validate the zone's signatures yet. Publish at the registrar: DS ${ownDs}. If the zone was delegated elsewhere after it became active (${status.activatedOn?.toISOString()}), wait two days after its delegation has returned.`,
        );
    return [...notes, ...deletion(facts)];
}

/** Facts for the warnings. If every name is already proxied, unknown certificates cause no warning. */
function lookedAt(facts: DnsFacts): DnsFacts {
    const { certificates, hostnames, proxied, proxiedNow } = facts;
    const arrived = [...hostnames, ...proxied].every((name) => proxiedNow.includes(name));
    return typeof certificates === "string" && arrived ? { ...facts, hostnames: [], proxied: [] } : facts;
}

function deletion({ status, zone, now }: DnsFacts): string[] {
    if (status!.status === "moved")
        return [
            `dns: ${zone} has lost its delegation. Cloudflare deletes a free zone ${DELETED_AFTER_DAYS.moved} days after that, with all records.`,
        ];
    if (status!.status !== "pending" || !status!.createdOn) return [];
    const end = new Date(status!.createdOn.getTime() + DELETED_AFTER_DAYS.pending * DAY_MS);
    const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
    return [
        `dns: ${zone} waits for its delegation. Cloudflare deletes a free zone after ${DELETED_AFTER_DAYS.pending} days: ${days} left, until ${end.toISOString().slice(0, 10)}.`,
    ];
}
