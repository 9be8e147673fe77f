/** Sends the same queries to the old and the new name servers of a move, and reports the differences. */
import { isIP } from "node:net";
import { type ZoneRecord } from "../components/cloudflare/dns-record";
import { checksOf, type Check } from "./questions";
import { ask, NoAnswer, type Answer, type Server } from "./query";

export interface ComparedRow {
    name: string;
    type: string;
    old: string;
    new: string;
    equal: boolean;
    /**
     * The difference between the answers. If they are equal: why the query was sent, or empty for a record of the records
     * file.
     */
    note: string;
}

interface Sides {
    zone: string;
    records: ZoneRecord[];
    old: Server[];
    new: Server[];
    /** Whether the edge already answers for proxied names. */
    atEdge?: boolean;
    /** Names that the stack creates itself, only at the new name servers. */
    hostnames?: string[];
    signal?: AbortSignal;
}

/** Number of concurrent queries. */
const AT_ONCE = 16;

/** @throws NoAnswer with every server that does not answer */
export async function compare(sides: Sides): Promise<ComparedRow[]> {
    await allAnswer(sides);
    const checks = checksOf(sides.records, sides.zone, sides);
    const rows = await pooled(checks, (check) => compareOne(check, sides));
    return rows.sort((a, b) => Number(a.equal) - Number(b.equal));
}

/** Checks first that all servers answer. Otherwise every query would wait until the timeout of a server that is down. */
async function allAnswer({ zone, old, new: fresh, signal }: Sides): Promise<void> {
    const dead = await pooled([...old, ...fresh], async (server) => {
        try {
            const { rcode } = await ask(server, { name: zone, type: "SOA" }, { signal });
            return rcode === "NOERROR" ? [] : [`${server.label}: answers ${rcode} for ${zone}`];
        } catch (error) {
            if (!(error instanceof NoAnswer)) throw error;
            return [error.message];
        }
    });
    const problems = [...new Set(dead.flat())];
    if (problems.length > 0) throw new NoAnswer(problems.join("; "));
}

async function compareOne(check: Check, { old, new: fresh, signal }: Sides): Promise<ComparedRow> {
    const [before, after] = await Promise.all([old, fresh].map((servers) => sideSays(check, servers, signal)));
    const wrong = difference(check, before, after);
    const { name, type, why = "" } = check;
    return { name, type, old: before.text, new: after.text, equal: wrong === undefined, note: wrong ?? why };
}

/** The answer of one server to a query, or the common answer of all old servers or of all new servers. */
interface Said {
    /** Values in canonical form, independent of order and TTL. */
    text: string;
    /** `failed`: no answer, an error, or servers that disagree. */
    kind: "values" | "nothing" | "delegated" | "failed";
}

/** The problem that the two answers show; undefined if there is none. */
function difference(check: Check, old: Said, fresh: Said): string | undefined {
    if (old.kind === "failed" || fresh.kind === "failed")
        return "a server failed, or servers of the same list gave different answers";
    const addresses = ({ text }: Said) => text.split(", ").filter((part) => isIP(part) !== 0);
    if (check.as === "edge")
        return addresses(fresh).length > 0 ? undefined : "the new servers have no addresses for this proxied name";
    const same = old.kind === fresh.kind && old.text === fresh.text;
    if (check.as === "flattened") {
        const common = addresses(old).some((one) => addresses(fresh).includes(one));
        return same || common
            ? undefined
            : "the target's addresses differ. They may change over time: run the check again";
    }
    if (!same) return "differs";
    if (check.expected === undefined) return undefined;
    const expected = check.expected.join(", ");
    const said = old.kind === "nothing" ? "" : old.text.replace(/^delegated to /, "");
    return said === expected
        ? undefined
        : `old and new servers agree, but the records file has ${expected || "no such record"}`;
}

async function sideSays(check: Check, servers: Server[], signal: AbortSignal | undefined): Promise<Said> {
    const said = await Promise.all(
        servers.map(async ({ label, ...server }) => {
            try {
                return { label, ...outcome(await ask({ label, ...server }, check, { signal }), check) };
            } catch (error) {
                if (!(error instanceof NoAnswer)) throw error;
                return { label, kind: "failed" as const, text: error.message };
            }
        }),
    );
    if (new Set(said.map(({ kind, text }) => `${kind} ${text}`)).size === 1) return said[0];
    return { kind: "failed", text: said.map(({ label, text }) => `${label}: ${text}`).join("; ") };
}

function outcome(answer: Answer, { name, type }: Check): Said {
    if (answer.rcode === "NXDOMAIN") return { kind: "nothing", text: "NXDOMAIN" };
    if (answer.rcode !== "NOERROR") return { kind: "failed", text: answer.rcode };
    const values = (rows: Answer["answers"], of: string) => rows.filter((r) => r.type === of).map((r) => r.value);
    const own = answer.answers.filter((row) => row.name === name);
    const found = values(own, type).sort();
    const referral = [...values(answer.authority, "NS"), ...(type === "NS" ? found : [])].sort();
    if (!answer.authoritative && referral.length > 0)
        return { kind: "delegated", text: `delegated to ${referral.join(", ")}` };
    if (found.length > 0) return { kind: "values", text: found.join(", ") };
    const alias = values(own, "CNAME");
    if (alias.length > 0) return { kind: "values", text: `CNAME ${alias.join(", ")}` };
    return { kind: "nothing", text: "NODATA" };
}

/** Runs `work` on all items, a few at a time. The results are in the order of the items. */
async function pooled<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
    const results = new Array<R>(items.length);
    let next = 0;
    const worker = async () => {
        while (next < items.length) {
            const i = next++;
            results[i] = await work(items[i]);
        }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
    return results;
}
