/** Routes of DNS records: single records, lists, several changes in one transaction, and export as a zone file. */
import { z } from "zod";
import type { DnsRecord } from "../../account";
import { hexId } from "../../ids";
import { notFound, Unsupported, refused } from "../answer";
import { bodyObject, bodyOf, checked, product, withoutNulls, type Call, type Route } from "../call";
import { checkNeighbours, recordBody, recordOf } from "./check";
import { proxiable } from "./content";
import { zoneFile } from "./export";
import { ordered, page, PAGING } from "../paging";

const dns = product("DNS");
const FILTERS = ["name", "name.exact", "type", "content", "content.exact", "proxied"];
/** A query parameter that providers newer than 6.21 send. The emulator ignores it. */
const SHADOW = ["include_shadow_metadata"];

export const dnsRecordRoutes: Route[] = [
    dns("GET", "zones/{zone}/dns_records", "check dns; getDnsRecords", list, [
        ...[...FILTERS, ...PAGING, ...SHADOW],
        ...["match", "order", "direction"],
    ]),
    dns(
        "POST",
        "zones/{zone}/dns_records",
        "DnsRecord: create",
        (call) => stored(call, create(call, call.body)),
        SHADOW,
    ),
    dns("GET", "zones/{zone}/dns_records/export", "check dns", ({ account, zone }) => ({
        text: zoneFile(account, zone),
    })),
    dns("POST", "zones/{zone}/dns_records/batch", "changing several records at once", batch),
    dns(
        "GET",
        "zones/{zone}/dns_records/{record}",
        "DnsRecord: read, import",
        (call) => ({ result: answer(find(call, call.params.record)) }),
        SHADOW,
    ),
    dns(
        "PUT",
        "zones/{zone}/dns_records/{record}",
        "DnsRecord: update",
        (call) => stored(call, replace(call, find(call, call.params.record), call.body)),
        SHADOW,
    ),
    dns(
        "PATCH",
        "zones/{zone}/dns_records/{record}",
        "changing one field",
        (call) => stored(call, patch(call, find(call, call.params.record), bodyObject(call.body))),
        SHADOW,
    ),
    dns("DELETE", "zones/{zone}/dns_records/{record}", "DnsRecord: delete", (call) => {
        const record = find(call, call.params.record);
        call.account.records(call.zone.id).delete(record.id);
        call.account.changed("record", record.id);
        return { result: { id: record.id } };
    }),
];

function find({ account, zone }: Call, id: string): DnsRecord {
    const record = account.records(zone.id).get(id);
    if (!record) throw notFound(81044, "Record does not exist.");
    return record;
}

function answer(record: DnsRecord): object {
    return { ...record, proxiable: proxiable(record), meta: {} };
}
function stored({ account }: Call, record: DnsRecord) {
    account.changed("record", record.id);
    return { result: answer(record) };
}

function list(call: Call) {
    const { account, zone, query } = call;
    if (!["all", null].includes(query.get("match"))) throw new Unsupported(`match=${query.get("match")}`);
    const wanted = (name: string) => query.get(`${name}.exact`) ?? query.get(name);
    const is = (asked: string | null, value: string) => asked === null || asked.toLowerCase() === value.toLowerCase();
    const found = [...account.records(zone.id).values()].filter(
        (record) =>
            is(wanted("name"), record.name) &&
            is(query.get("type"), record.type) &&
            (wanted("content") ?? record.content) === record.content &&
            is(query.get("proxied"), String(record.proxied)),
    );
    const sorted = ordered(call, found, ["type", "name", "content", "ttl", "proxied"]);
    return page(call, sorted.map(answer), 100, 5_000_000);
}

function create({ account, zone }: Call, body: unknown): DnsRecord {
    const content = recordOf(zone, checked(recordBody, withoutNulls(bodyObject(body)), 9000));
    checkNeighbours(account, zone, content);
    const now = account.stamp();
    const record: DnsRecord = { id: hexId(), ...content, created_on: now, modified_on: now };
    if (record.comment !== null) record.comment_modified_on = now;
    if (record.tags.length > 0) record.tags_modified_on = now;
    account.records(zone.id).set(record.id, record);
    return record;
}

function replace({ account, zone }: Call, old: DnsRecord, body: unknown): DnsRecord {
    const content = recordOf(zone, checked(recordBody, withoutNulls(bodyObject(body)), 9000));
    if (content.type !== old.type) throw refused(9000, `type: cannot be changed (it is ${old.type}).`);
    checkNeighbours(account, zone, content, old.id);
    const now = account.stamp();
    const record: DnsRecord = { ...content, id: old.id, created_on: old.created_on, modified_on: now };
    const commented = content.comment === old.comment ? old.comment_modified_on : now;
    const tagged = content.tags.join() === old.tags.join() ? old.tags_modified_on : now;
    if (commented !== undefined) record.comment_modified_on = commented;
    if (tagged !== undefined) record.tags_modified_on = tagged;
    account.records(zone.id).set(record.id, record);
    return record;
}

function patch(call: Call, old: DnsRecord, changes: object): DnsRecord {
    const { name, type, content, data, ttl, proxied, priority, comment, tags, settings } = old;
    const kept = { name, type, content, data, ttl, proxied, priority, comment, tags, settings };
    return replace(call, old, JSON.parse(JSON.stringify({ ...kept, ...changes })));
}

const batchBody = z.strictObject({
    deletes: z.array(z.strictObject({ id: z.string() })).default([]),
    patches: z.array(z.looseObject({ id: z.string() })).default([]),
    puts: z.array(z.looseObject({ id: z.string() })).default([]),
    posts: z.array(z.looseObject({})).default([]),
});

/** Applies all changes or none, in the order of the real API: deletes, patches, puts, posts. */
function batch(call: Call) {
    const { account, zone } = call;
    const body = bodyOf(call, batchBody, 9000);
    const records = account.records(zone.id);
    const before = [...records];
    try {
        const deletes = body.deletes.map(({ id }) => {
            const record = find(call, id);
            records.delete(id);
            return record;
        });
        const patches = body.patches.map((change) => patch(call, find(call, change.id), change));
        const puts = body.puts.map((put) => replace(call, find(call, put.id), put));
        const posts = body.posts.map((post) => create(call, post));
        for (const record of [...deletes, ...patches, ...puts, ...posts]) account.changed("record", record.id);
        const shown = { deletes, patches, puts, posts };
        return { result: Object.fromEntries(Object.entries(shown).map(([k, v]) => [k, v.map(answer)])) };
    } catch (error) {
        records.clear();
        for (const [id, record] of before) records.set(id, record);
        throw error;
    }
}
