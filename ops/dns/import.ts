import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { stringify } from "yaml";
import type { ZoneRecord } from "../../components/cloudflare/dns-record";
import { parseZoneData } from "../../config/keys/dns/settings";
import { counted } from "../../config/problems";
import { importBind } from "../../dns/import-bind";
import { importRecordSets } from "../../dns/import-record-sets";
import type { Imported, Undecided } from "../../dns/imported";
import { plainName } from "../../dns/names";
import { withExamples, withJson, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { json } from "../output";

export const command: AddCommand = (dns, context) =>
    withExamples(
        withJson(dns.command("import")),
        "dns import zone.txt",
        "dns import zone.txt --zone example.com --out dns/example.com.yaml",
    )
        .description("Import a zone from az network dns zone export, or from record-set list -o json")
        .argument("<file>", "the export")
        .option("--zone <name>", "name of the zone (default: the name in the export)")
        .option("--out <file>", "write a new file, for example dns/example.com.yaml (default: print)")
        .action((file, args) => importZone(context, file, args));

/** Most problems that are shown. A file that is not a zone would have one for each line. */
const SHOWN = 20;
/** Largest file, in bytes: Cloudflare itself accepts 256 KiB, and a thousand records need a tenth of this limit. */
const LARGEST = 4 * 1024 * 1024;

interface DnsImportArgs {
    zone?: string;
    out?: string;
    json?: boolean;
}

/** Converts an export of a zone into a records file for review; changes nothing but that new file. */
async function importZone(context: Context, file: string, args: DnsImportArgs): Promise<void> {
    const { zone, out } = args;
    const found = readExport(file, zone === undefined ? undefined : plainName(zone));
    if (found.problems.length > SHOWN)
        found.problems.splice(
            SHOWN,
            Infinity,
            `${basename(file)}: and ${found.problems.length - SHOWN} more problems.`,
        );
    if (found.problems.length > 0) throw new UsageError(found.problems);
    const text = renderData(found);
    const name = out ?? `dns/${found.zone}.yaml`;
    for (const note of found.notes) context.note(note);
    const { problems, warnings } = parseZoneData(text, found.zone, name);
    for (const warning of warnings) context.note(warning);
    if (problems.length > 0)
        context.note(`Decisions to make before the config check accepts this data (${problems.length}):`);
    for (const problem of problems) context.note(`  - ${problem}`);
    const summary = `${found.items.length} entries of ${found.zone}, ${counted(problems.length, "decision")} to make.`;
    if (out !== undefined && existsSync(out))
        throw new UsageError([`--out: must be a new file (${out} exists). Name another file, then compare both.`]);
    if (out !== undefined) writeFileSync(out, text);
    if (args.json) {
        const summaryFields = {
            zone: found.zone,
            entries: found.items.length,
            toDecide: problems,
            warnings,
            notes: found.notes,
        };
        return context.out(json({ ...summaryFields, out: out ?? null, data: out === undefined ? text : null }));
    }
    if (out !== undefined)
        return context.out(`Wrote ${out}: ${summary} Next: review it, then npm run ops -- check dns`);
    context.out(text.trimEnd());
    context.note(`${summary} Nothing was written. Add: --out ${name}`);
}

/** @throws UsageError when the file cannot be read at all */
function readExport(file: string, zone: string | undefined): Imported {
    let source: string;
    try {
        source = readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new UsageError([`${basename(file)}: must be a readable file (${code}). Correct the path.`]);
    }
    if (source.length > LARGEST)
        throw new UsageError([`${basename(file)}: must be at most ${LARGEST} bytes. Name an export of a zone.`]);
    return /^\s*[[{]/.test(source)
        ? importRecordSets(source, basename(file), zone)
        : importBind(source, basename(file), zone);
}

/** The records file: sorted by name, the zone itself first. */
function renderData({ zone, items }: Imported): string {
    const key = ({ name, type }: ZoneRecord | Undecided) =>
        `${name === zone ? "" : name.split(".").reverse().join(".")} ${type}`;
    const sorted = items
        .map((item) => ({ item, key: key(item) }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const entries = sorted.map(({ item }) => {
        const { proxied: _, ...entry } = item as ZoneRecord;
        return stringify([entry], { lineWidth: 0 });
    });
    return `# Records of ${zone}. To send a name through Cloudflare, replace its ttl by proxied: true.\n${entries.join("")}`;
}
