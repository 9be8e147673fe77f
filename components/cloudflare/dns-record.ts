import { createHash } from "node:crypto";

/** Steps of a zone's move to Cloudflare, in their order. */
export const PHASES = ["mirror", "delegated", "proxied", "signed"] as const;
export type Phase = (typeof PHASES)[number];

interface Common {
    /** Full name, in lower case and without the final dot. */
    name: string;
    /** TTL of the record after the move, in seconds. */
    ttl: number;
    /** Whether Cloudflare proxies the name, from phase `proxied` on. */
    proxied: boolean;
}
interface ContentRecord extends Common {
    /** Record types whose value is a single text. */
    type: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "PTR" | "TXT";
    /** Address, name without the final dot, or text without quotes. */
    content: string;
    /** Priority, only for MX. */
    priority?: number;
}
/** Record types whose value has fields. */
interface DataOf {
    CAA: { flags: number; tag: string; value: string };
    DS: { keyTag: number; algorithm: number; digestType: number; digest: string };
    SRV: { priority: number; weight: number; port: number; target: string };
    TLSA: { usage: number; selector: number; matchingType: number; certificate: string };
}
type DataRecord = { [T in keyof DataOf]: Common & { type: T; data: DataOf[T] } }[keyof DataOf];
/** One record of a zone from the records file. */
export type ZoneRecord = ContentRecord | DataRecord;

/** Inputs of the Cloudflare resource, without the zone. */
interface RenderedRecord extends Common {
    type: ZoneRecord["type"];
    content?: string;
    priority?: number;
    data?: Record<string, string | number>;
}

/** Longest time to live while a zone moves, in seconds: resolvers keep a wrong record for at most five minutes. */
const MOVE_TTL = 300;
/** Cloudflare's value for "automatic", the only time to live of a proxied record. */
const AUTOMATIC = 1;
/** Longest string inside a TXT record, in bytes (RFC 1035, 3.3). */
const TXT_STRING = 255;

/** Renders a record for Cloudflare in a phase of the move. While the zone moves, the TTL is at most {@link MOVE_TTL}. */
export function renderRecord(record: ZoneRecord, phase: Phase): RenderedRecord {
    const { name, type } = record;
    const moving = phase === "mirror" || phase === "delegated";
    const proxied = record.proxied && !moving;
    const own = record.proxied ? MOVE_TTL : record.ttl;
    const ttl = proxied ? AUTOMATIC : moving ? Math.min(own, MOVE_TTL) : own;
    if ("data" in record) {
        // Cloudflare also returns the priority of an SRV record outside of `data`. Without this input, every refresh would
        // show a diff.
        const priority = record.type === "SRV" ? { priority: record.data.priority } : {};
        return { name, type, ttl, proxied, ...priority, data: { ...record.data } };
    }
    const content = type === "TXT" ? quoteText(record.content) : record.content;
    return { name, type, ttl, proxied, content, ...(type === "MX" ? { priority: record.priority } : {}) };
}

/**
 * Name of the record's resource, made from the fields that identify the record. So a new TTL, priority or proxy setting
 * updates the record in place. The target of a CNAME is not part of the name. If it were, Pulumi would create a record for
 * a new target before it deletes the previous record, and Cloudflare rejects a second CNAME for the same host.
 */
export function logicalName(record: ZoneRecord): string {
    const readable = `${record.name}-${record.type.toLowerCase()}`;
    if (record.type === "CNAME") return readable;
    const value = "data" in record ? recordValue(record) : record.content;
    return `${readable}-${createHash("sha256").update(value).digest("hex").slice(0, 10)}`;
}

/** Fields of a value, in the order in which dig prints them. */
const FIELDS = {
    CAA: ["flags", "tag", "value"],
    DS: ["keyTag", "algorithm", "digestType", "digest"],
    SRV: ["priority", "weight", "port", "target"],
    TLSA: ["usage", "selector", "matchingType", "certificate"],
};

/**
 * Value of a record as dig prints it, but with names in lower case without the final dot, and texts joined without
 * quotes.
 */
export function recordValue(record: ZoneRecord): string {
    if (!("data" in record)) return record.type === "MX" ? `${record.priority} ${record.content}` : record.content;
    const data: Record<string, string | number> = record.data;
    return FIELDS[record.type].map((field) => (field === "value" ? `"${data.value}"` : data[field])).join(" ");
}

/**
 * Content of a TXT record in Cloudflare's form: quoted strings of at most 255 bytes. Cloudflare would convert any other
 * form, and every run would then show a diff.
 */
export function quoteText(text: string): string {
    const strings = text.match(new RegExp(`[\\s\\S]{1,${TXT_STRING}}`, "g")) ?? [""];
    return strings.map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`).join(" ");
}
