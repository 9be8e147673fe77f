import { PHASES, type ZoneRecord } from "../../components/cloudflare/dns-record";
import type { Settings } from "../../config";
import { readZoneData } from "../../config/keys/dns/records";
import { openApi } from "../../components/cloudflare/api";
import { CloudflareZones } from "../../dns/cloudflare";
import { compare, type ComparedRow } from "../../dns/compare";
import { plainName } from "../../dns/names";
import { NoAnswer, type Server } from "../../dns/query";
import { findServers, systemLookup, type Lookup } from "../../dns/servers";
import { repeatable, timeLimit, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import { accessOf } from "../consumer/state/list-tokens";
import type { Context } from "../context";
import { errorMessage, Failure, FindingsError, UsageError } from "../errors";
import { json, table } from "../output";
import { readStack, type ReadStack } from "../stack/settings";

export const command: AddCommand = (check, context) =>
    withExamples(
        withJson(withStack(check.command("dns"))),
        "check dns --stack cloudflare",
        "check dns --zone example.com --records dns/example.com.yaml --old ns1.example.net --new ada.ns.cloudflare.com",
    )
        .description("Compare the answers of a zone's old and new name servers; exit with 3 when an answer differs")
        .option("--zone <name>", "name of the zone (default: zone.name of the stack)")
        .option("--records <file>", "file with the zone's records (default: dns.records of the stack)")
        .addOption(repeatable("--old <host[:port]>", "old name server of the zone", "dns.oldServers of the stack"))
        .addOption(
            repeatable(
                "--new <host[:port]>",
                "name server of Cloudflare",
                "dns.newServers of the stack, else those that Cloudflare assigned to the zone",
            ),
        )
        .option(
            "--at-edge",
            "expect addresses of Cloudflare's edge for proxied names (default: only from dns.phase proxied on)",
        )
        .option("--timeout <seconds>", "longest time for the whole check", timeLimit, 120)
        .action((args) => checkDns(context, args));

interface CheckDnsArgs {
    stack?: string;
    json?: boolean;
    zone?: string;
    records?: string;
    old: string[];
    new: string[];
    atEdge?: boolean;
    timeout: number;
}

/** Zone, records and servers to compare: from the command line options, else from the stack file. */
interface Wanted {
    zone: string;
    records: ZoneRecord[];
    old: string[];
    new: string[];
    atEdge: boolean;
    /** Host names whose records the stack itself creates; only the new name servers have them. */
    hostnames: string[];
}

/**
 * Compares every record at the old and the new name servers, and checks that names without records exist at none of them.
 */
async function checkDns(context: Context, args: CheckDnsArgs): Promise<void> {
    const signal = AbortSignal.timeout(args.timeout * 1000);
    const wanted = await readWanted(context, args, signal);
    const rows = await compared(wanted, signal, args.timeout);
    context.out(args.json ? json(rows) : render(rows));
    const wrong = rows.filter(({ equal }) => !equal).length;
    if (wrong > 0)
        throw new FindingsError(
            `${wanted.zone}: ${wrong} of ${rows.length} answers of the old and new name servers differ. Correct the records file or the old zone, then run the check again.`,
        );
    context.note(`${wanted.zone}: all ${rows.length} answers of the old and new name servers are equal.`);
}

async function compared(wanted: Wanted, signal: AbortSignal, limit: number): Promise<ComparedRow[]> {
    const { zone, records, atEdge, hostnames } = wanted;
    const lookup = systemLookup();
    const [old, fresh] = await Promise.all([wanted.old, wanted.new].map((labels) => serversOf(labels, lookup)));
    const problems = [...old.problems, ...fresh.problems];
    if (problems.length > 0) throw new UsageError(problems);
    try {
        return await compare({ zone, records, old: old.servers, new: fresh.servers, atEdge, hostnames, signal });
    } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        const late = signal.aborted ? ` The check stopped after ${limit} s (--timeout).` : "";
        throw new Failure(`${zone}: a name server does not answer (${error.message}). Check the address.${late}`);
    }
}

/** Addresses of name servers, and a problem for each server without an address. */
async function serversOf(labels: string[], lookup: Lookup): Promise<{ servers: Server[]; problems: string[] }> {
    const found = await Promise.allSettled(labels.map((label) => findServers([label], lookup)));
    return {
        servers: found.flatMap((one) => (one.status === "fulfilled" ? one.value : [])),
        problems: found.flatMap((one) =>
            one.status === "rejected" ? [`${errorMessage(one.reason)}. Correct --old or --new.`] : [],
        ),
    };
}

async function readWanted(context: Context, args: CheckDnsArgs, signal: AbortSignal): Promise<Wanted> {
    const complete =
        [args.zone, args.records].every((one) => one !== undefined) && args.old.length * args.new.length > 0;
    const stack = complete && args.stack === undefined ? undefined : await readStack(context, args.stack);
    const { zoneName, dns, hostnames = [] } = stack === undefined ? {} : ofStack(stack.settings);
    const zone = plainName(args.zone ?? zoneName ?? "");
    const old = args.old.length > 0 ? args.old : (dns?.oldServers ?? []);
    const problems: string[] = [];
    if (zone === "") problems.push("--zone: required, since the stack has no zone.name. Name the zone.");
    if (args.records === undefined && !dns?.records.length)
        problems.push("--records: required where the stack has no dns.records. Name the file with the records.");
    if (old.length === 0) problems.push("--old: required where the stack has no dns.oldServers. Name the servers.");
    if (problems.length > 0) throw new UsageError(await withServers(problems, args));
    const records = args.records === undefined ? dns!.records : await recordsOf(args.records, zone, context, args);
    const named = args.new.length > 0 ? args.new : (dns?.newServers ?? []);
    const fresh = named.length > 0 ? named : await serversAtCloudflare(stack!, zone, signal);
    const atEdge = args.atEdge ?? (dns !== undefined && PHASES.indexOf(dns.phase) >= PHASES.indexOf("proxied"));
    return { zone, records, old, new: fresh, atEdge, hostnames };
}

/** What the config of a stack says about its zone. */
function ofStack(settings: Settings) {
    if (settings.option !== "cloudflare")
        return { zoneName: settings.exposure?.zone.name, hostnames: settings.exposure && [settings.exposure.hostname] };
    return { zoneName: settings.zone.name, dns: settings.dns, hostnames: settings.hostnames };
}

/** The records of a file that an option names. */
async function recordsOf(file: string, zone: string, context: Context, args: CheckDnsArgs): Promise<ZoneRecord[]> {
    const { records, problems, warnings } = readZoneData(file, zone);
    if (problems.length > 0) throw new UsageError(await withServers(problems, args));
    warnings.forEach(context.note);
    return records;
}

/** Problems, with those of the servers that options name. */
async function withServers(problems: string[], args: CheckDnsArgs): Promise<string[]> {
    return [...problems, ...(await serversOf([...args.old, ...args.new], systemLookup())).problems];
}

async function serversAtCloudflare(stack: ReadStack, zone: string, signal: AbortSignal): Promise<string[]> {
    const { settings } = stack;
    const account = "account" in settings ? settings.account : settings.exposure?.account;
    const zones = new CloudflareZones(openApi(accessOf(stack), signal));
    const found = await zones.zone(zone, account).catch((error: Error) => {
        throw new Failure(`${error.message}. Or name the servers: --new`);
    });
    if (found) return found.nameServers;
    throw new UsageError([
        `--zone: the API token can read no zone ${zone}. Correct the name, or name the servers: --new`,
    ]);
}

function render(rows: ComparedRow[]): string {
    return table(
        ["name", "type", "old", "new", "equal", "note"],
        rows.map((row) => [row.name, row.type, short(row.old), short(row.new), row.equal ? "yes" : "NO", row.note]),
    );
}

/** The beginning of a long text: DKIM keys are longer than a screen is wide. */
function short(text: string): string {
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
