/** Validates a DNS record on its own, and together with the other records of its name. */
import { z } from "zod";
import type { Account, DnsRecord, Zone } from "../../account";
import { Unsupported, refused } from "../answer";
import { isName, nameForm, PROXIABLE, proxiable, valueOf } from "./content";

/** Shortest TTL by plan and longest TTL, in seconds. A TTL of 1 means automatic. */
const SHORTEST_TTL = { free: 60, pro: 60, business: 60, enterprise: 30 };
const LONGEST_TTL = 86400;

export const recordBody = z.strictObject({
    id: z.string().optional(),
    name: z.string().min(1),
    type: z.string(),
    content: z.string().optional(),
    data: z.looseObject({}).optional(),
    ttl: z.number().int().default(1),
    proxied: z.boolean().default(false),
    priority: z.number().int().min(0).max(65535).optional(),
    comment: z.string().optional(),
    tags: z.array(z.string()).default([]),
    settings: z
        .strictObject({
            ipv4_only: z.boolean().optional(),
            ipv6_only: z.boolean().optional(),
            flatten_cname: z.boolean().optional(),
        })
        .default({}),
    private_routing: z.boolean().optional(),
    include_shadow_metadata: z.literal(false).optional(),
});
type RecordBody = z.infer<typeof recordBody>;

type Content = Omit<DnsRecord, "id" | "created_on" | "modified_on">;

/** Converts a request body into the form in which the zone's record is stored. */
export function recordOf(zone: Zone, body: RecordBody): Content {
    const type = body.type.toUpperCase();
    const value = valueOf(type, body);
    const proxied = body.proxied;
    if (proxied && !PROXIABLE.includes(type)) throw refused(9004, "This record type cannot be proxied.");
    if (proxied && !proxiable({ type, content: value.content }))
        throw refused(9004, `content: a record with the target ${value.content} cannot be proxied.`);
    if (proxied && body.ttl !== 1) throw refused(9003, `ttl: must be 1 when proxied is true (got ${body.ttl}).`);
    const shortest = SHORTEST_TTL[zone.plan];
    if (body.ttl !== 1 && (body.ttl < shortest || body.ttl > LONGEST_TTL))
        throw refused(9021, `Invalid TTL. Must be between ${shortest} and ${LONGEST_TTL} seconds, or 1 for Automatic.`);
    if (zone.plan === "free" && body.tags.length > 0)
        throw refused(9300, `DNS record has ${body.tags.length} tags, exceeding the quota of 0.`);
    if (body.private_routing) throw new Unsupported("private_routing");
    const none = { ipv4_only: false, ipv6_only: false, flatten_cname: false };
    return {
        name: fullName(zone, body.name),
        type,
        ...value,
        ttl: body.ttl,
        proxied,
        comment: body.comment ?? null,
        tags: body.tags,
        settings: type === "CNAME" ? { ...none, ...body.settings } : body.settings,
        ...(body.private_routing === undefined ? {} : { private_routing: false }),
    };
}

/** FQDN of a record. `@` means the zone. A name that does not end with the zone's name is relative to the zone. */
function fullName(zone: Zone, written: string): string {
    const name = nameForm(written);
    const inside = name === zone.name || name.endsWith(`.${zone.name}`);
    const full = name === "@" ? zone.name : inside ? name : `${name}.${zone.name}`;
    if (!isName(full)) throw refused(9000, `DNS name is invalid: ${written}`);
    return full;
}

/** Rejects a record that cannot coexist with other records of its name. @param self id of the record that is replaced */
export function checkNeighbours(account: Account, zone: Zone, record: Content, self?: string): void {
    const others = [...account.records(zone.id).values()].filter((r) => r.id !== self && r.name === record.name);
    const addresses = (r: Content) => PROXIABLE.includes(r.type);
    const excludes = (cname: Content, other: Content) =>
        // Cloudflare flattens a CNAME at the apex, so that it can coexist with other types
        cname.type === "CNAME" && (addresses(other) || record.name !== zone.name);
    if (others.some((other) => same(other, record))) throw refused(81058, "An identical record already exists.");
    if (others.some((other) => excludes(record, other) || excludes(other, record)))
        throw refused(81053, "An A, AAAA, or CNAME record with that host already exists.");
    // NS records at the apex are unsupported, because Cloudflare manages them.
    if (record.type === "NS" && record.name === zone.name) throw new Unsupported("NS record at the zone apex");
}

function same(a: Content, b: Content): boolean {
    return a.type === b.type && a.content === b.content && a.priority === b.priority;
}
