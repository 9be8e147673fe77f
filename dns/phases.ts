/** Conditions for the next phase of a zone, and effects of a rollback. Pure functions of the facts. */
import { type Phase } from "../components/cloudflare/dns-record";
import { certificateNeed } from "./certificates";
import { delegatedToUs, type DnsFacts } from "./facts";

/**
 * Days after which Cloudflare deletes a free zone. `pending`: the zone never had a delegation. `moved`: the zone has lost
 * its delegation.
 */
const DELETED_AFTER_DAYS = { pending: 28, moved: 7 };
const DAY_MS = 24 * 60 * 60 * 1000;
const CHECK = "npm run ops -- check dns";

/** Returns why a zone must not enter a phase yet. Empty if the zone may enter the phase, or has already reached it. */
export function phaseProblems(phase: Phase, facts: DnsFacts): string[] {
    if (isReached(phase, facts)) return [];
    const say = (what: string) => `dns.phase: ${phase} ${what}`;
    const { status, zone, unanswered } = facts;
    if (unanswered.length > 0)
        return unanswered.map((why) =>
            say(`needs the state of the move, which is unknown (${why}). ${wayOut(phase, facts)}`),
        );
    if (!status)
        return [
            say(
                `needs the zone at Cloudflare (the API token can read no zone ${zone}). Give the token "Zone: Zone: Read" for this zone; if the zone does not exist yet, begin with phase mirror.`,
            ),
        ];
    if (phase === "delegated") return [...foreignDs(facts), ...differences(facts)].map(say);
    return [...foreignDs(facts), ...missing(phase, facts)].map(say);
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

/** Advice for a problem. It never suggests phase mirror if that would remove names from the proxy. */
function wayOut(phase: Phase, { proxied, proxiedNow, ownDs }: DnsFacts): string {
    if (phase === "delegated") return "Solve this, or set dns.phase back to mirror.";
    const fresh = proxied.filter((name) => !proxiedNow.includes(name));
    if (phase === "signed" && ownDs === undefined) return "Solve this; until then stay in phase proxied.";
    if (fresh.length === 0 || fresh.length === proxied.length)
        return "Solve this; until then stay in the previous phase.";
    return `Solve this; until then remove proxied from ${fresh.join(", ")}.`;
}

/** Requirements of the later phases, in addition to the absence of foreign DS records. */
function missing(phase: Phase, facts: DnsFacts): string[] {
    return [...settled(facts), ...certificates(facts), ...(phase === "signed" ? oldAnswersGone(facts) : [])];
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
    return [
        `needs equal answers of the old and the new name servers (${rows.length} differ: ${first.join(", ")}${rows.length > 3 ? " …" : ""}). See: ${CHECK}`,
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
 * Checks that every proxied name has a certificate. The stack's own names are included, because they are proxied from the
 * start.
 */
function certificates({ proxied, hostnames, certificates }: DnsFacts): string[] {
    const need = certificateNeed([...new Set([...hostnames, ...proxied])], certificates);
    return need === undefined ? [] : [need];
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

/** Warnings in a phase: effects of a rollback, and what Cloudflare will delete. */
export function phaseNotes(phase: Phase, facts: DnsFacts): string[] {
    const { status, ds, ownDs, delegation, proxied, unanswered } = facts;
    const notes: string[] = [];
    const reached = isReached(phase, facts);
    if (reached) notes.push(...unanswered.map((why) => `dns: the state of the move is unknown (${why}).`));
    if (!status) return notes;
    if (reached && (phase === "proxied" || phase === "signed") && unanswered.length === 0)
        notes.push(
            ...missing(phase, lookedAt(facts)).map((what) => `dns: phase ${phase} is already reached, but it ${what}`),
        );
    const moving = phase === "mirror" || phase === "delegated";
    if (moving && status.status === "active" && proxied.length > 0)
        notes.push(
            `dns: ${proxied.join(", ")} ${proxied.length === 1 ? "is" : "are"} not proxied in phase ${phase}. Callers reach the origin directly. For up to 300 s, resolvers may still return the addresses of the edge.`,
        );
    if (phase === "delegated" && unanswered.length === 0 && !delegatedToUs(facts) && ds.length === 0)
        notes.push(
            "dns: the parent zone has no DS record. If it had one in the last 24 h, do not change the delegation yet: resolvers cache the record for its TTL.",
        );
    const need = certificateNeed(lookedAt(facts).hostnames, facts.certificates);
    if (moving && status.status === "active" && need !== undefined) notes.push(`dns: hostname ${need}`);
    const foreign = ds.filter((value) => value !== ownDs);
    if (delegatedToUs(facts) && foreign.length > 0)
        notes.push(
            `dns: validating resolvers cannot resolve the zone, since the parent zone has a DS record that is not Cloudflare's (${foreign.join("; ")}). Remove it at the registrar.`,
        );
    if (phase === "mirror" && delegatedToUs(facts))
        notes.push(
            `dns: the parent zone still delegates to Cloudflare, independent of the phase. For a rollback, set the old name servers at the registrar: resolvers follow within ${delegation!.ttlSeconds} s.`,
        );
    if (phase !== "signed" && ownDs !== undefined)
        notes.push(
            ds.includes(ownDs)
                ? "dns: the zone stays signed. Before its delegation leaves Cloudflare: remove the DS record at the registrar and wait until its TTL has passed."
                : "dns: the zone stays signed at Cloudflare, without a DS record, which is harmless. Turn DNSSEC off there if you no longer want it.",
        );
    const publish = unanswered.length === 0 && foreign.length === 0 && oldAnswersGone(facts).length === 0;
    if (phase === "signed" && ownDs !== undefined && !ds.includes(ownDs) && publish)
        notes.push(
            `dns: resolvers do not validate the zone's signatures yet. Publish at the registrar: DS ${ownDs}. If the zone was delegated elsewhere after it became active (${status.activatedOn?.toISOString()}), publish the DS record only two days after the delegation has returned to Cloudflare, because Cloudflare may still report the earlier time.`,
        );
    notes.push(...deletion(facts));
    return notes;
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
