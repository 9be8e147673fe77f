/** DNS records of the types that the project's records files have. */
import { z } from "zod";
import type { DnsRecord, Zone } from "../account";
import { hexId } from "../ids";
import { ApiError, bodyOf, collection, type Route } from "./call";

const PROXIABLE = ["A", "AAAA", "CNAME"];
/** Types whose content is a name, stored in lower case without the final dot. */
const NAMES = ["CNAME", "MX", "NS", "PTR"];
/** Fields of `data` by type. `content` is computed from them; the priority of SRV is not part of it. */
const FIELDS: Record<string, string[]> = {
    CAA: ["flags", "tag", "value"],
    DS: ["key_tag", "algorithm", "digest_type", "digest"],
    SRV: ["weight", "port", "target"],
    TLSA: ["usage", "selector", "matching_type", "certificate"],
};

const recordBody = z.strictObject({
    name: z.string().min(1),
    type: z.enum(["A", "AAAA", "TXT", ...NAMES, ...Object.keys(FIELDS)]),
    content: z.string().min(1).optional(),
    data: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    ttl: z.union([z.literal(1), z.number().int().min(60).max(86400)]).default(1),
    proxied: z.boolean().default(false),
    priority: z.number().int().optional(),
    comment: z.string().optional(),
    tags: z.array(z.string()).max(0).default([]),
    settings: z.record(z.string(), z.literal(false)).default({}),
    private_routing: z.literal(false).optional(),
});

const plain = (text: string): string => text.toLowerCase().replace(/\.$/, "");

/** FQDN of a record. `@` means the zone. A name that does not end with the zone's name is relative to the zone. */
function fullName(zone: Zone, written: string): string {
    const name = plain(written);
    if (name === "@" || name === zone.name) return zone.name;
    return name.endsWith(`.${zone.name}`) ? name : `${name}.${zone.name}`;
}

type Body = z.infer<typeof recordBody>;

function contentOf({ type, content, data = {}, priority }: Body): Pick<DnsRecord, "content" | "data" | "priority"> {
    const fields = FIELDS[type] ?? [];
    const missing = fields.filter((field) => data[field] === undefined);
    if (fields.length === 0 && content === undefined) missing.push("content");
    if (type === "MX" && priority === undefined) missing.push("priority");
    if (missing.length > 0) throw new ApiError(400, 9101, `${missing.join(", ")}: required for ${type} records.`);
    if (fields.length === 0)
        return { content: NAMES.includes(type) ? plain(content!) : content!, ...(type === "MX" && { priority }) };
    const shown = fields.map((field) => (type === "CAA" && field === "value" ? `"${data.value}"` : data[field]));
    return {
        ...{ content: shown.join(" "), data },
        ...(type === "SRV" && { priority: priority ?? Number(data.priority) }),
    };
}

/** Rejects a record that cannot coexist with other records of its name. */
function checkNeighbours(zone: Zone, record: DnsRecord, all: DnsRecord[]): void {
    const others = all.filter(({ id, name }) => id !== record.id && name === record.name);
    if (others.some((one) => ["type", "content", "priority"].every((field) => one[field] === record[field])))
        throw new ApiError(400, 81058, "An identical record already exists.");
    // Cloudflare flattens a CNAME at the apex, so that it can coexist with other types.
    const excludes = (cname: DnsRecord, other: DnsRecord) =>
        cname.type === "CNAME" && (PROXIABLE.includes(other.type) || record.name !== zone.name);
    if (others.some((other) => excludes(record, other) || excludes(other, record)))
        throw new ApiError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
}

export const dnsRoutes: Route[] = collection<DnsRecord>({
    ...{ path: "zones/{zone}/dns_records", group: "DNS", filters: ["name", "type", "content", "proxied"] },
    missing: [81044, "Record does not exist."],
    store: ({ account, zone }) => account.records(zone.id),
    make: ({ account, zone, body }, old) => {
        const said = bodyOf(recordBody, body);
        const { type, proxied, ttl } = said;
        const name = fullName(zone, said.name);
        if (proxied && !PROXIABLE.includes(type)) throw new ApiError(400, 9004, "This record type cannot be proxied.");
        if (proxied && ttl !== 1) throw new ApiError(400, 9003, `ttl: must be 1 when proxied is true (got ${ttl}).`);
        if ((old && old.type !== type) || (type === "NS" && name === zone.name))
            throw new ApiError(400, 9000, "type: cannot be changed, and cannot be NS at the zone's apex.");
        const now = account.stamp();
        const { content: _1, data: _2, priority: _3, ...others } = said;
        const record: DnsRecord = {
            ...{ ...others, ...contentOf(said), id: old?.id ?? hexId(), name },
            ...{ created_on: old?.created_on ?? now, modified_on: now },
        };
        checkNeighbours(zone, record, [...account.records(zone.id).values()]);
        return record;
    },
    show: (_, record) => ({ ...record, proxiable: PROXIABLE.includes(record.type), meta: {} }),
});
