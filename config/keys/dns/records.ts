import * as z from "zod";
import { readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { resolve } from "node:path";
import { isMap, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from "yaml";
import { PHASES, type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { relationProblems, serviceProblems, zoneWarnings, type Placed } from "./checks";
import { whole } from "../../values";
import { got, must, didYouMean, explain, wording } from "../../problems";
import { isName, plainAddress, plainTarget, isWithin, plainName } from "../../../dns/names";
import { optional } from "../../schema";

/** TTLs that Cloudflare accepts for a record that is not proxied, in seconds. Plan Enterprise also allows 30 to 59. */
const TTLS = { min: 60, max: 86400 };
/**
 * Longest record in wire format at Cloudflare, in bytes. A TXT record needs one more byte for each 255 bytes of text
 * (Cloudflare's page "DNS record types").
 */
const WIRE_LIMIT = 4096;
const CAA_TAGS = ["issue", "issuewild", "iodef"];

const ttl = z.number(must("be a time in seconds")).optional();
const proxied = z.boolean(must("be true or false")).optional();

const target = (what: string, { orNone } = { orNone: false }) =>
    z
        .string(must(`be ${what}`))
        .transform(plainTarget)
        .refine(
            (name) => isName(name) || (orNone && name === "."),
            must(`be ${what}`, "Write the full name, for example host.example.com"),
        );

const upTo = (max: number) => whole(0, max, `be a whole number from 0 to ${max}`);

const hex = z
    .string(must("be hexadecimal digits", "Quote it"))
    .transform((text) => text.toLowerCase())
    .refine((text) => /^([0-9a-f]{2})+$/.test(text), must("be hexadecimal digits, two for each byte"));

const text = z.string(must("be a string", "Quote it")).superRefine((value, { addIssue }) => {
    if (value === "") addIssue("must not be empty. Remove the record.");
    if (/^"[\s\S]*"$/.test(value)) addIssue("must be the text without quotes around it. Remove the quotes.");
    if (/[^\x20-\x7e]/.test(value))
        addIssue(
            "must be printable ASCII: how Cloudflare stores other bytes is not known. Create this record by hand.",
        );
    const wire = value.length + Math.ceil(value.length / 255);
    if (wire > WIRE_LIMIT) addIssue(`must fit in ${WIRE_LIMIT} bytes (got ${wire}). Shorten it.`);
});

const address = (isAddress: (text: string) => boolean, what: string) =>
    z
        .string(must(`be ${what}`))
        .refine(isAddress, must(`be ${what}`))
        .transform((text) => (isIPv6(text) ? plainAddress(text) : text));

const common = { name: z.string(), ttl, proxied };
const entry = <T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
    z.strictObject({ ...common, type: z.literal(type), ...shape });

/** Schema of one record in the file, by its type. */
export const ENTRIES = {
    A: entry("A", { content: address(isIPv4, "an IPv4 address") }),
    AAAA: entry("AAAA", { content: address((text) => isIPv6(text) && !text.includes("%"), "an IPv6 address") }),
    CNAME: entry("CNAME", { content: target("the name of a host") }),
    MX: entry("MX", {
        content: target("the name of a mail server, or . for none", { orNone: true }),
        priority: upTo(65535),
    }),
    NS: entry("NS", { content: target("the name of a name server") }),
    PTR: entry("PTR", { content: target("the name of a host") }),
    TXT: entry("TXT", { content: text }),
    CAA: entry("CAA", {
        data: z.strictObject({
            flags: upTo(255),
            tag: z
                .string()
                .transform((tag) => tag.toLowerCase())
                .refine((tag) => CAA_TAGS.includes(tag), must(`be one of ${CAA_TAGS.join(", ")}`)),
            value: z.string().regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, {
                error: "must be printable ASCII without quotes and backslashes.",
            }),
        }),
    }),
    DS: entry("DS", {
        data: z.strictObject({ keyTag: upTo(65535), algorithm: upTo(255), digestType: upTo(255), digest: hex }),
    }),
    SRV: entry("SRV", {
        data: z.strictObject({
            priority: upTo(65535),
            weight: upTo(65535),
            port: upTo(65535),
            target: target("the name of a host, or . for none", { orNone: true }),
        }),
    }),
    TLSA: entry("TLSA", {
        data: z.strictObject({ usage: upTo(255), selector: upTo(255), matchingType: upTo(255), certificate: hex }),
    }),
};

/** Name servers: `host` or `host:port` with a name or an IPv4 address, or `[…]:port` with IPv6. */
const servers = (description: string, example: string, reason: string) =>
    z
        .array(
            z
                .string()
                .regex(
                    /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i,
                    must("be the host of a name server, with or without a port"),
                ),
        )
        .default([])
        .meta({ description, examples: [[example]], reason });
const LOOKED_UP = "With an empty list, each run looks up the name servers in DNS.";

export const dnsSchema = z.strictObject({
    phase: z.enum(PHASES).default("mirror").meta({
        description: "Phase of the move of the zone to Cloudflare. You can always set an earlier phase again.",
        reason: "In the first phase Cloudflare has the records, but no resolver queries Cloudflare yet.",
    }),
    records: optional(z.string().min(1, { error: "must name a file. Write for example dns/example.com.yaml." }), {
        description: "File with the records of the zone, relative to the stack file.",
        examples: ["dns/example.com.yaml"],
        unset: "this stack does not manage the zone's other records",
    }),
    oldServers: servers(
        "Name servers that serve the zone before the move. Their answers are compared with those of Cloudflare before the delegation changes.",
        "ns1-05.azure-dns.com",
        "Only a zone that moves has old name servers.",
    ),
    newServers: servers("The name servers that Cloudflare assigned to the zone.", "ada.ns.cloudflare.com", LOOKED_UP),
    parentServers: servers(
        "Name servers of the parent zone, which has the NS and DS records.",
        "a.gtld-servers.net",
        LOOKED_UP,
    ),
});

export { serviceProblems };

const PROXIABLE = ["A", "AAAA", "CNAME"];

export interface ZoneData {
    records: ZoneRecord[];
    problems: string[];
    warnings: string[];
}

const refused = (...problems: string[]): ZoneData => ({ records: [], problems, warnings: [] });

/** Reads the records file of a zone. @param folder folder of the stack file */
export function readZoneData(file: string, zone: string, folder = "."): ZoneData {
    try {
        return parseZoneData(readFileSync(resolve(folder, file), "utf8"), zone, file);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        return refused(
            `${file}: must be a readable file (${code}). Correct the path, or write the file: docs/operate/dns-move.md`,
        );
    }
}

/**
 * Checks the text of a records file. Every problem has its line number.
 * @param zone in lower case, without the final dot
 * @param file name of the file in the problems
 */
export function parseZoneData(text: string, zone: string, file: string): ZoneData {
    const lines = new LineCounter();
    const { errors, contents } = parseDocument(text, { lineCounter: lines });
    const at = (node: Node | undefined | null) => `${file}:${node?.range ? lines.linePos(node.range[0]).line : 1}`;
    const broken = errors.map(
        ({ code, pos }) => `${file}:${lines.linePos(pos[0]).line}: must be YAML (${code}). Correct this line.`,
    );
    if (broken.length > 0) return refused(...broken);
    if (!isSeq<Node>(contents)) return refused(`${file}:1: must be a list of records. See docs/operate/dns-move.md.`);
    if (contents.items.length === 0)
        return refused(
            `${file}:1: must have at least one record (got none, which would delete all records that the stack has created). Add the zone's records.`,
        );
    const problems: string[] = [];
    const placed = contents.items.flatMap((item): Placed[] => {
        if (!isMap(item)) problems.push(`${at(item)}: must be a record with name and type.`);
        const record = isMap(item) ? parseEntry(item, zone, at, problems) : undefined;
        return record ? [{ record, where: `${at(item)} ${record.name} ${record.type}` }] : [];
    });
    return {
        records: placed.map(({ record }) => record),
        problems: [...problems, ...relationProblems(placed, zone)],
        warnings: [...zoneWarnings(placed, zone)],
    };
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

const wholeName = (name: string, zone: string) => (name === "@" ? zone : plainName(name));

function ttlProblem({ ttl, proxied }: Record<string, unknown>): string | undefined {
    if (proxied === true && (ttl === undefined || ttl === 1)) return undefined;
    if (proxied === true)
        return `must not be set for a proxied record, whose TTL is always 300 s${got(ttl)}. Remove it.`;
    if (ttl === undefined) return `required, in seconds. Use 300 while the zone moves.`;
    // The schema reports a ttl of a wrong type.
    if (typeof ttl === "number" && (!Number.isInteger(ttl) || ttl < TTLS.min || ttl > TTLS.max))
        return `must be from ${TTLS.min} to ${TTLS.max} seconds${got(ttl)}.`;
    return undefined;
}

function fieldOf(item: YAMLMap, field: string): Node {
    const pair = item.items.find((p) => (p.key as { value?: unknown } | null)?.value === field);
    return (pair?.key as Node | undefined) ?? item;
}
