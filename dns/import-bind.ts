/** Records of a zone from `az network dns zone export`, or another zone file. */
import { isIP } from "node:net";
import { type ZoneRecord } from "../components/cloudflare/dns-record";
import { absolute, readBind, type Entry, type Word } from "./bind";
import { aliasAdvice, possibleTtl, type Imported } from "./imported";
import { isWithin, plainAddress, plainName } from "./names";

/** Record types that DNSSEC signing adds. Cloudflare signs the zone itself. */
const OF_SIGNING = ["DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY"];
/** Types of zone files that the records file does not support. */
const OTHERS = ["SPF", "NAPTR", "SSHFP", "LOC", "HTTPS", "SVCB", "URI", "CERT", "DNAME", "HINFO", "RP", "SMIMEA"];
/** Number of words in the data of a record, by type. Types that are not listed have no fixed number. */
const LENGTHS: Record<string, number> = { A: 1, AAAA: 1, CNAME: 1, NS: 1, PTR: 1, MX: 2, CAA: 3, SRV: 4 };

/** @param file name of the file, for problems */
export function importBind(text: string, file: string, zone?: string): Imported {
    const read = readBind(text, zone);
    const top = plainName(zone ?? read.origin ?? "");
    const found: Imported = { zone: top, items: [], notes: [], problems: [] };
    for (const { line, text } of read.problems) found.problems.push(`${file}:${line}: ${text}.`);
    for (const entry of read.entries) take(entry, top, `${file}:${entry.line}`, found);
    if (read.entries.length === 0 && found.problems.length === 0)
        found.problems.push(`${file}:1: the file has no records of a zone. Export it again.`);
    return found;
}

function take(entry: Entry, zone: string, where: string, { items, notes, problems }: Imported): void {
    const { name, type, words } = entry;
    const title = `${where} ${name} ${type}`;
    const undecided = (why: string, of = type) =>
        items.push({ name, type: of, ttl: possibleTtl(entry.ttl, title, notes), undecided: why });
    if (!isWithin(name, zone)) {
        problems.push(`${where}: must be in the zone ${zone} (got ${name}). Correct --zone, or the file.`);
        return;
    }
    if (entry.class === "AZURE" && type === "ALIAS")
        undecided(aliasAdvice(words[1]?.text ?? "an unknown resource"), words[0]?.text.toUpperCase() ?? "A");
    else if (type === "SOA") notes.push(`${where}: SOA left out, since Cloudflare has its own.`);
    else if (type === "NS" && name === zone)
        notes.push(`${where}: NS of the zone left out, since Cloudflare has its own.`);
    else if (OF_SIGNING.includes(type))
        notes.push(`${where}: ${type} left out, since Cloudflare signs the zone itself.`);
    else if (words.length === 0) notes.push(`${title}: left out, since it has no data.`);
    else if (entry.escaped) undecided("its name has characters that the records file cannot hold");
    else if (OTHERS.includes(type))
        undecided(`${type} ${words.map(quoted).join(" ")}: the records file does not support it`);
    else {
        const value = valueOf(entry);
        if (value === undefined)
            problems.push(`${where}: the data is not valid for a record of type ${type}. Correct it.`);
        else if (typeof value === "string") undecided(value);
        else {
            if (type === "NS") notes.push(`${title}: a delegation, kept.`);
            const ttl = possibleTtl(entry.ttl, title, notes);
            items.push({ name, type, ttl, proxied: false, ...value } as ZoneRecord);
        }
    }
}

/** The value of an entry, or the reason why the operator must decide about it; undefined if the data is invalid. */
function valueOf({ type, words, origin }: Entry): object | string | undefined {
    const name = (word: Word) => (word.text === "." ? "." : absolute(word.text, origin));
    const number = (word: Word) => (/^\d+$/.test(word.text) ? Number(word.text) : NaN);
    if (LENGTHS[type] !== undefined && words.length !== LENGTHS[type]) return undefined;
    const [a, b, c, d] = words;
    const numbers = (...list: number[]) => list.every((n) => !Number.isNaN(n));
    switch (type) {
        case "A":
        case "AAAA":
            return isIP(a.text) === (type === "A" ? 4 : 6) ? { content: plainAddress(a.text) } : undefined;
        case "CNAME":
        case "NS":
        case "PTR":
            return a.escaped ? "its target has characters that the records file cannot hold" : { content: name(a) };
        case "MX":
            return numbers(number(a)) ? { priority: number(a), content: name(b) } : undefined;
        case "TXT":
            return textValue(words.map(({ text }) => text).join(""));
        case "CAA":
            return numbers(number(a))
                ? { data: { flags: number(a), tag: b.text.toLowerCase(), value: c.text } }
                : undefined;
        case "SRV":
            return numbers(number(a), number(b), number(c))
                ? { data: { priority: number(a), weight: number(b), port: number(c), target: name(d) } }
                : undefined;
        case "DS":
        case "TLSA":
            return words.length >= 4 && numbers(number(a), number(b), number(c)) ? bytes(type, words) : undefined;
        default:
            return undefined;
    }
}

/** The value of a TXT record, or the reason why the operator must decide about it. */
export function textValue(content: string): object | string {
    if (content === "") return "the text is empty, and Cloudflare rejects empty texts. Remove this record";
    if (/[^\x20-\x7e]/.test(content) || /^"[\s\S]*"$/.test(content))
        return `text ${JSON.stringify(content)}: has bytes or quotes that the records file cannot hold. Create this record by hand`;
    return { content };
}

function bytes(type: string, words: Word[]): object {
    const [a, b, c] = words.map(({ text }) => Number(text));
    const hex = words
        .slice(3)
        .map(({ text }) => text.toLowerCase())
        .join("");
    return type === "DS"
        ? { data: { keyTag: a, algorithm: b, digestType: c, digest: hex } }
        : { data: { usage: a, selector: b, matchingType: c, certificate: hex } };
}

function quoted({ text, quoted }: Word): string {
    return quoted ? JSON.stringify(text) : text;
}
