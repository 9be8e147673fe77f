import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isMap, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from "yaml";
import * as z from "zod";
import { PHASES, type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { isName, isWithin, plainName } from "../../../dns/names";
import { relations, serviceProblems, type Placed } from "./checks";
import { ENTRIES, TTLS } from "./schema";
import { didYouMean, explain, got, must, wording } from "../../problems";

/** `host` or `host:port` with a name or an IPv4 address, or `[…]:port` with IPv6. */
const server = z
    .string()
    .regex(/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i, must("be the host of a name server, with or without a port"));

/** Key `dns` of a stack of option cloudflare. */
export const dnsSchema = z.strictObject({
    phase: z.enum(PHASES).default("mirror").meta({
        description: "Phase of the move of the zone to Cloudflare. You can always set an earlier phase again.",
        reason: "In the first phase Cloudflare has the records, but no resolver queries Cloudflare yet.",
    }),
    records: z
        .string()
        .min(1, { error: "must name a file. Write for example dns/example.com.yaml" })
        .optional()
        .meta({
            description: "File with the records of the zone, relative to the stack file.",
            examples: ["dns/example.com.yaml"],
            unset: "this stack does not manage the zone's other records",
        }),
    oldServers: z
        .array(server)
        .default([])
        .meta({
            description:
                "Name servers that serve the zone before the move. Their answers are compared with those of Cloudflare before the delegation changes.",
            examples: [["ns1-05.azure-dns.com"]],
            reason: "Only a zone that moves has old name servers.",
        }),
    newServers: z
        .array(server)
        .default([])
        .meta({
            description: "The name servers that Cloudflare assigned to the zone.",
            examples: [["ada.ns.cloudflare.com"]],
            reason: "With an empty list, each run looks up the name servers in DNS.",
        }),
    parentServers: z
        .array(server)
        .default([])
        .meta({
            description: "Name servers of the parent zone, which has the NS and DS records.",
            examples: [["a.gtld-servers.net"]],
            reason: "With an empty list, each run looks up the name servers in DNS.",
        }),
});

export { serviceProblems };

const PROXIABLE = ["A", "AAAA", "CNAME"];

export interface ZoneData {
    records: ZoneRecord[];
    problems: string[];
    /** Warnings for the operator, which do not stop the run. */
    warnings: string[];
}

/** Reads the records file of a zone. @param folder folder of the stack file */
export function readZoneData(file: string, zone: string, folder = "."): ZoneData {
    try {
        return parseZoneData(readFileSync(resolve(folder, file), "utf8"), zone, file);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        const problem = `${file}: must be a readable file (${code}). Correct the path, or write the file: docs/operate/dns-move.md`;
        return { records: [], problems: [problem], warnings: [] };
    }
}

/**
 * Checks the text of a records file. Every problem has its line number.
 * @param zone in lower case, without the final dot
 * @param file name of the file in the problems
 */
export function parseZoneData(text: string, zone: string, file: string): ZoneData {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines });
    const at = (node: Node | undefined | null) => `${file}:${node?.range ? lines.linePos(node.range[0]).line : 1}`;
    const broken = document.errors.map((error) => {
        const why = error.message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, "");
        return `${file}:${lines.linePos(error.pos[0]).line}: must be YAML (${why}). Correct this line.`;
    });
    if (broken.length > 0) return { records: [], problems: broken, warnings: [] };
    const list = document.contents;
    if (!isSeq(list)) {
        const problem = `${file}:1: must be a list of records. See docs/operate/dns-move.md.`;
        return { records: [], problems: [problem], warnings: [] };
    }
    if (list.items.length === 0) {
        const problem = `${file}:1: must have at least one record (got none, which would delete all records that the stack has created). Add the zone's records.`;
        return { records: [], problems: [problem], warnings: [] };
    }
    const problems: string[] = [];
    const placed: Placed[] = [];
    for (const item of list.items as Node[]) {
        if (!isMap(item)) problems.push(`${at(item)}: must be a record with name and type.`);
        else {
            const record = parseEntry(item, zone, at, problems);
            if (record) placed.push({ record, where: `${at(item)} ${record.name} ${record.type}` });
        }
    }
    const found = relations(placed, zone);
    problems.push(...found.problems);
    return { records: placed.map(({ record }) => record), problems, warnings: found.warnings };
}

type At = (node: Node | undefined | null) => string;

function parseEntry(item: YAMLMap, zone: string, at: At, problems: string[]): ZoneRecord | undefined {
    const raw = item.toJSON() as Record<string, unknown>;
    const title = [raw.name, raw.type].filter((part) => typeof part === "string").join(" ");
    const whereOf = (field: string) => `${at(fieldOf(item, field))} ${title} ${field}`;
    const before = problems.length;
    const type = String(raw.type);
    if (!Object.hasOwn(ENTRIES, type)) {
        const known = Object.keys(ENTRIES);
        const hint = didYouMean(type, known) || " Create this record by hand.";
        problems.push(`${whereOf("type")}: must be one of ${known.join(", ")}${got(raw.type)}.${hint}`);
        return undefined;
    }
    const schema = ENTRIES[type as keyof typeof ENTRIES];
    const name = nameProblem(raw.name, zone);
    if (name) problems.push(`${whereOf("name")}: ${name}`);
    const proxy = raw.proxied === true && !PROXIABLE.includes(type);
    if (proxy)
        problems.push(
            `${whereOf("proxied")}: must not be set for ${type}, only for ${PROXIABLE.join(", ")}. Remove it.`,
        );
    const time = proxy ? undefined : ttlProblem(raw);
    if (time) problems.push(`${whereOf("ttl")}: ${time}`);
    const parsed = schema.safeParse({ ...raw, name: String(raw.name) }, { error: wording });
    for (const issue of parsed.error?.issues ?? [])
        for (const line of explain(issue, raw, schema, {}))
            problems.push(`${at(fieldOf(item, String(issue.path[0] ?? "")))} ${title} ${line}`);
    if (!parsed.success || problems.length > before) return undefined;
    const value = parsed.data as ZoneRecord;
    const proxied = value.proxied ?? false;
    return { ...value, name: wholeName(value.name, zone), ttl: proxied ? 1 : value.ttl, proxied } as ZoneRecord;
}

function nameProblem(name: unknown, zone: string): string | undefined {
    if (typeof name !== "string") return `required. Write @ for ${zone}, or a full name.`;
    const whole = wholeName(name, zone);
    if (!isWithin(whole, zone))
        return `must be @ or a full name in ${zone}${got(name)}.${name.includes(".") ? "" : ` Write ${name}.${zone}.`}`;
    if (!isName(whole)) return `must be labels of a-z, 0-9, - and _, at most 63 characters each${got(name)}.`;
    return undefined;
}

function wholeName(name: string, zone: string): string {
    return name === "@" ? zone : plainName(name);
}

function ttlProblem({ ttl, proxied }: Record<string, unknown>): string | undefined {
    if (proxied === true)
        return ttl === undefined || ttl === 1
            ? undefined
            : `must not be set for a proxied record, whose TTL is always 300 s${got(ttl)}. Remove it.`;
    if (ttl === undefined) return `required, in seconds. Use 300 while the zone moves.`;
    if (typeof ttl !== "number") return undefined; // The schema reports a ttl of a wrong type.
    if (!Number.isInteger(ttl) || ttl < TTLS.min || ttl > TTLS.max)
        return `must be from ${TTLS.min} to ${TTLS.max} seconds${got(ttl)}.`;
    return undefined;
}

function fieldOf(item: YAMLMap, field: string): Node {
    const pair = item.items.find((p) => (p.key as { value?: unknown } | null)?.value === field);
    return (pair?.key as Node | undefined) ?? item;
}
