import type { RecordSet } from "../../components/cloudflare/azure-side";
import { plainAddress } from "../../dns/names";
import { ask, NoAnswer, type Server } from "../../dns/query";
import { findServers, parentServers, systemLookup, type Lookup } from "../../dns/servers";
import type { Context } from "../context";
import { FindingsError, UsageError } from "../errors";
import { json, table } from "../output";
import { stackRecords } from "./azure-stack";

/** Answer of one name server for one record set. */
interface EntryRow {
    name: string;
    type: string;
    server: string;
    expected: string;
    got: string;
    equal: boolean;
}

interface EntryDnsArgs {
    json?: boolean;
    /** Name servers of the zone. Default: empty, and they are looked up in DNS. */
    server: string[];
    timeout: number;
}

/** Compares the record sets of exposure direct with the answers of each name server of the zone. */
export async function checkEntryDns(
    context: Context,
    text: string,
    args: EntryDnsArgs,
    lookup: Lookup = systemLookup(),
): Promise<void> {
    const records = stackRecords(text);
    if (records.length === 0)
        throw new UsageError([
            "azure: not set, so there is nothing to compare. Set azure.hostname and azure.addresses, or, with option cloudflare, zone and dns.",
        ]);
    const signal = AbortSignal.timeout(args.timeout * 1000);
    const servers = await serversOf(records[0].name, args.server, lookup);
    const rows = (
        await Promise.all(
            wanted(records).map((set) => Promise.all(servers.map((one) => compareAnswer(set, one, signal)))),
        )
    ).flat();
    context.out(args.json ? json(rows) : render(rows));
    const wrong = rows.filter(({ equal }) => !equal).length;
    const { name } = records[0];
    if (wrong > 0)
        throw new FindingsError(
            `${name}: ${wrong} of ${rows.length} answers differ from the stack's record sets. Correct the zone, or azure.addresses and azure.ttl.`,
        );
    context.note(`${name}: all ${rows.length} answers equal the stack's record sets.`);
}

/**
 * Adds an empty record set if A or AAAA is missing, so that both are queried. An additional address would send callers to
 * another host.
 */
function wanted(records: RecordSet[]): RecordSet[] {
    const { name, ttl } = records[0];
    return (["A", "AAAA"] as const).map(
        (type) => records.find((one) => one.type === type) ?? { name, type, values: [], ttl },
    );
}

async function serversOf(name: string, named: string[], lookup: Lookup): Promise<Server[]> {
    try {
        if (named.length > 0) return await findServers(named, lookup);
        // The host name may be a zone itself.
        const own = await lookup.nameServers(name).catch(() => []);
        return await findServers(own.length > 0 ? own : await parentServers(name, lookup), lookup);
    } catch (error) {
        throw new UsageError([`--server: ${(error as Error).message}. Name the servers of the zone.`]);
    }
}

async function compareAnswer(
    { name, type, values, ttl }: RecordSet,
    server: Server,
    signal: AbortSignal,
): Promise<EntryRow> {
    const expected = values.length === 0 ? "nothing" : `${values.map(plainAddress).sort().join(", ")} (${ttl} s)`;
    const row = { name, type, server: server.label, expected };
    try {
        const got = said(await ask(server, { name, type }, { signal }), type);
        return { ...row, got, equal: got === expected };
    } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        return { ...row, got: error.message, equal: false };
    }
}

function said({ rcode, authoritative, answers }: Awaited<ReturnType<typeof ask>>, type: string): string {
    if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") return rcode;
    const alias = answers.find((row) => row.type === "CNAME");
    if (alias) return `CNAME ${alias.value}`;
    const found = answers.filter((row) => row.type === type);
    if (!authoritative && found.length === 0) return "not a name server of the zone";
    if (found.length === 0) return "nothing";
    const seconds = [...new Set(found.map((row) => row.ttl))].join(", ");
    return `${found
        .map((row) => row.value)
        .sort()
        .join(", ")} (${seconds} s)`;
}

function render(rows: EntryRow[]): string {
    return table(
        ["name", "type", "server", "expected", "got", "equal"],
        rows.map((row) => [row.name, row.type, row.server, row.expected, row.got, row.equal ? "yes" : "NO"]),
    );
}
