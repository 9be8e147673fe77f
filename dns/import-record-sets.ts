/**
 * Records of a zone from `az network dns record-set list -o json`. Versions of the CLI differ in the case of keys
 * (`ARecords`, `aRecords`, `arecords`), so keys are case-insensitive.
 */
import { LineCounter, isMap, isSeq, parseDocument, type Node } from "yaml";
import { type ZoneRecord } from "../components/cloudflare/dns-record";
import { aliasAdvice, possibleTtl, type Imported } from "./imported";
import { textValue } from "./import-bind";
import { isWithin, plainAddress, plainName, plainTarget } from "./names";

type Fields = Record<string, unknown>;

/**
 * For each type of record: the key of the data in a record set, and a function that converts one record. The function
 * returns the value, or the reason why the operator must decide about the record.
 */
const TYPES: Record<string, { key: string; value: (of: Fields) => object | string }> = {
    A: { key: "arecords", value: (of) => ({ content: text(of, "ipv4address") }) },
    AAAA: { key: "aaaarecords", value: (of) => ({ content: plainAddress(text(of, "ipv6address")) }) },
    CNAME: { key: "cnamerecord", value: (of) => ({ content: host(of, "cname") }) },
    MX: { key: "mxrecords", value: (of) => ({ priority: number(of, "preference"), content: host(of, "exchange") }) },
    NS: { key: "nsrecords", value: (of) => ({ content: host(of, "nsdname") }) },
    PTR: { key: "ptrrecords", value: (of) => ({ content: host(of, "ptrdname") }) },
    TXT: { key: "txtrecords", value: (of) => textValue(list(of.value).join("")) },
    CAA: {
        key: "caarecords",
        value: (of) => ({ data: { flags: number(of, "flags"), tag: text(of, "tag"), value: text(of, "value") } }),
    },
    SRV: {
        key: "srvrecords",
        value: (of) => ({
            data: {
                ...{ priority: number(of, "priority"), weight: number(of, "weight"), port: number(of, "port") },
                target: host(of, "target"),
            },
        }),
    },
    DS: {
        key: "dsrecords",
        value: (of) => {
            const digest = folded(of.digest);
            return {
                data: {
                    ...{ keyTag: number(of, "keytag"), algorithm: number(of, "algorithm") },
                    ...{ digestType: number(digest, "algorithmtype"), digest: text(digest, "value").toLowerCase() },
                },
            };
        },
    },
    TLSA: {
        key: "tlsarecords",
        value: (of) => ({
            data: {
                ...{ usage: number(of, "usage"), selector: number(of, "selector") },
                ...{ matchingType: number(of, "matchingtype") },
                certificate: text(of, "certassociationdata").toLowerCase(),
            },
        }),
    },
};

export function importRecordSets(source: string, file: string, zone?: string): Imported {
    const lines = new LineCounter();
    // JSON is valid YAML, and this parser provides line numbers.
    const document = parseDocument(source, { lineCounter: lines });
    const found: Imported = { zone: zone ?? "", items: [], notes: [], problems: [] };
    const lineOf = (node: Node | null) => `${file}:${node?.range ? lines.linePos(node.range[0]).line : 1}`;
    // Only the first error is reported, since later errors follow from it.
    for (const { message, pos } of document.errors.slice(0, 1)) {
        const why = message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, "");
        found.problems.push(`${file}:${lines.linePos(pos[0]).line}: not valid JSON (${why}). Export the zone again.`);
    }
    if (found.problems.length > 0) return found;
    const sets = document.contents;
    if (!isSeq(sets) || sets.items.length === 0) {
        found.problems.push(`${file}:1: must be a list of record sets. Use: az network dns record-set list -o json`);
        return found;
    }
    found.zone ||= zoneOf(sets.toJSON() as Fields[]);
    if (found.zone === "") found.problems.push(`${file}:1: the file does not name its zone. Use --zone.`);
    for (const item of sets.items as Node[]) take(isMap(item) ? folded(item.toJSON()) : {}, lineOf(item), found);
    return found;
}

/** Name of the zone, from its SOA record set; empty if there is none. */
function zoneOf(sets: Fields[]): string {
    const soa = sets.map(folded).find((set) => typeOf(set) === "SOA");
    return plainName(String(soa?.fqdn ?? ""));
}

function typeOf(set: Fields): string {
    return String(set.type ?? "")
        .replace(/^.*\//, "")
        .toUpperCase();
}

function take(set: Fields, where: string, { zone, items, notes, problems }: Imported): void {
    const type = typeOf(set);
    if (typeof set.name !== "string" || type === "") {
        problems.push(`${where}: must be a record set with name and type. Export it again.`);
        return;
    }
    if (/\/privatednszones\//i.test(String(set.type))) {
        problems.push(
            `${where}: the record set is of a private zone (${String(set.type)}). Do not move a private zone: its names would become public.`,
        );
        return;
    }
    const name = plainName(String(set.fqdn ?? (set.name === "@" ? zone : `${set.name}.${zone}`)));
    const title = `${where} ${name} ${type}`;
    if (!isWithin(name, zone)) {
        problems.push(`${where}: must be in the zone ${zone} (got ${name}). Correct --zone.`);
        return;
    }
    const time = set.ttl === undefined || set.ttl === null ? undefined : Number(set.ttl);
    const id = folded(set.targetresource).id ?? folded(set.trafficmanagementprofile).id;
    if (type === "SOA") notes.push(`${where}: SOA left out, since Cloudflare has its own.`);
    else if (type === "NS" && name === zone)
        notes.push(`${where}: NS of the zone left out, since Cloudflare has its own.`);
    else if (id) items.push({ name, type, ttl: possibleTtl(time, title, notes), undecided: aliasAdvice(String(id)) });
    else if (!Object.hasOwn(TYPES, type))
        items.push({
            name,
            type,
            ttl: possibleTtl(time, title, notes),
            undecided: "the records file does not support its type",
        });
    else {
        const { key, value } = TYPES[type];
        const data = list(set[key]).map(folded);
        if (data.length === 0) notes.push(`${title}: left out, since it has no data.`);
        if (type === "NS" && data.length > 0) notes.push(`${title}: a delegation, kept.`);
        const ttl = data.length > 0 ? possibleTtl(time, title, notes) : 0;
        const values = data.map(value);
        if (Number.isNaN(ttl) || !values.every(isComplete))
            problems.push(`${where}: the data or TTL is not valid for a record set of type ${type}. Export it again.`);
        for (const content of values) {
            if (typeof content === "string") items.push({ name, type, ttl, undecided: content });
            else items.push({ name, type, ttl, proxied: false, ...content } as ZoneRecord);
        }
    }
}

/** Whether no part of a value is empty or invalid. Only the value of a CAA record may be empty. */
function isComplete(content: object | string): boolean {
    if (typeof content === "string") return true;
    const { data, ...rest } = content as { data?: Fields };
    return Object.entries({ ...rest, ...data }).every(
        ([key, part]) => key === "value" || (part !== "" && !Number.isNaN(part)),
    );
}

/** Converts keys to lower case. */
function folded(value: unknown): Fields {
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key.toLowerCase(), part]));
}

function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

function text(of: Fields, key: string): string {
    return String(of[key] ?? "");
}

function number(of: Fields, key: string): number {
    return Number(of[key]);
}

function host(of: Fields, key: string): string {
    return plainTarget(text(of, key));
}
