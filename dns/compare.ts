/** Sends the same queries to the old and the new name servers of a move, and reports the differences. */
import { isIP } from "node:net";
import { type ZoneRecord } from "../components/cloudflare/dns-record";
import { checksOf, type Check } from "./questions";
import { ask, NoAnswer, type Answer, type Server } from "./query";

export interface ComparedRow {
    name: string;
    type: string;
    /** Whether the query uses TCP. */
    tcp: boolean;
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
/** Answers of this size or more, in bytes of text, are also checked by TCP, since some networks drop large UDP packets. */
const LARGE = 400;

/** @throws NoAnswer with every server that answers neither by UDP nor by TCP */
export async function compare(sides: Sides): Promise<ComparedRow[]> {
    await allAnswer(sides);
    const checks = checksOf(sides.records, sides.zone, sides);
    const rows = await pooled(checks, (check) => compareOne(check, sides, { tcp: false }));
    const large = checks.filter((_, i) => rows[i].tcp || rows[i].old.length > LARGE || rows[i].new.length > LARGE);
    const again = await pooled(large, (check) => compareOne(check, sides, { tcp: true }));
    const seen = rows.map((row) => ({ ...row, tcp: false }));
    return [...seen, ...again].sort((a, b) => Number(a.equal) - Number(b.equal));
}

/** Checks first that all servers answer. Otherwise every query would wait until the timeout of a server that is down. */
async function allAnswer({ zone, old, new: fresh, signal }: Sides): Promise<void> {
    const dead = await pooled(
        [...old, ...fresh].flatMap((server) => [false, true].map((tcp) => ({ server, tcp }))),
        async ({ server, tcp }) => {
            try {
                const { rcode } = await ask(server, { name: zone, type: "SOA" }, { tcp, signal });
                return rcode === "NOERROR" ? [] : [`${server.label}: answers ${rcode} for ${zone}`];
            } catch (error) {
                if (!(error instanceof NoAnswer)) throw error;
                return [error.message];
            }
        },
    );
    const problems = [...new Set(dead.flat())];
    if (problems.length > 0) throw new NoAnswer(problems.join("; "));
}

async function compareOne(check: Check, sides: Sides, { tcp }: { tcp: boolean }): Promise<ComparedRow> {
    const [old, fresh] = await Promise.all(
        [sides.old, sides.new].map((servers) => sideSays(check, servers, { tcp, signal: sides.signal })),
    );
    const row = {
        name: check.name,
        type: check.type,
        tcp: tcp || old.tcp || fresh.tcp,
        old: old.text,
        new: fresh.text,
    };
    const wrong = difference(check, old, fresh);
    return { ...row, equal: wrong === undefined, note: wrong ?? check.why ?? "" };
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

async function sideSays(
    check: Check,
    servers: Server[],
    options: { tcp: boolean; signal?: AbortSignal },
): Promise<Said & { tcp: boolean }> {
    const said = await Promise.all(
        servers.map(async (server) => {
            try {
                const answer = await ask(server, check, options);
                return { label: server.label, ...outcome(answer, check), tcp: answer.tcp };
            } catch (error) {
                if (!(error instanceof NoAnswer)) throw error;
                return { label: server.label, kind: "failed" as const, text: error.message, tcp: false };
            }
        }),
    );
    const used = said.some((one) => one.tcp);
    if (new Set(said.map(({ kind, text }) => `${kind} ${text}`)).size === 1) return { ...said[0], tcp: used };
    return { kind: "failed", text: said.map(({ label, text }) => `${label}: ${text}`).join("; "), tcp: used };
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
