import type { EtcdMember } from "./json-api";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Key range of APISIX: its start, and its exclusive end. The prefix of the keys is `/apisix` (profile.ts). */
const FIRST = "/apisix/";
const BEHIND = "/apisix0";
/** Number of keys in one answer. etcd returns keys in ascending order. */
const PAGE = 500;
/**
 * Largest number of operations and of bytes in one transaction. etcd's limits are 128 operations and 1.5 MiB for a
 * request.
 */
const MOST = { operations: 100, bytes: 500_000 };

interface KeyValue {
    key: string;
    value: string;
}

/**
 * Copies the keys of APISIX from one revision of `from` to `to`, and deletes all other keys in `to`.
 * @returns number of copied keys
 */
export async function copyKeys(from: EtcdMember, to: EtcdMember): Promise<number> {
    const [wanted, there] = [await keysOf(from), await keysOf(to)];
    const keep = new Set(wanted.map(({ key }) => key));
    const had = new Map(there.map(({ key, value }) => [key, value]));
    const changes = [
        ...there.filter(({ key }) => !keep.has(key)).map(({ key }) => ({ requestDeleteRange: { key } })),
        ...wanted.filter(({ key, value }) => had.get(key) !== value).map((one) => ({ requestPut: one })),
    ];
    for (const success of inParts(changes)) await to.call("kv/txn", { success });
    return wanted.length;
}

async function keysOf(member: EtcdMember): Promise<KeyValue[]> {
    const encoded = (text: string) => Buffer.from(text).toString("base64");
    const all: KeyValue[] = [];
    let key = encoded(FIRST);
    let revision: string | undefined;
    for (;;) {
        const page = await member.call("kv/range", {
            ...{ key, range_end: encoded(BEHIND), limit: PAGE },
            ...(revision === undefined ? {} : { revision }),
        });
        const kvs = page.kvs ?? [];
        for (const one of kvs) all.push({ key: one.key, value: one.value ?? "" });
        if (!page.more || kvs.length === 0) return all;
        revision ??= page.header?.revision;
        // The next page begins at the smallest key after the last key of this page.
        const last = Buffer.from(kvs[kvs.length - 1].key, "base64");
        key = Buffer.concat([last, Buffer.from([0])]).toString("base64");
    }
}

function inParts<T>(changes: T[]): T[][] {
    const parts: T[][] = [];
    let bytes = 0;
    for (const change of changes) {
        const size = JSON.stringify(change).length;
        const part = parts[parts.length - 1];
        if (part === undefined || part.length === MOST.operations || bytes + size > MOST.bytes) {
            parts.push([change]);
            bytes = size;
        } else {
            part.push(change);
            bytes += size;
        }
    }
    return parts;
}
