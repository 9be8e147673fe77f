/**
 * Picks upstream nodes by roundrobin (in the order of lua-resty-roundrobin, from a random start) or chash (lua-resty-chash's
 * ring).
 */
import { crc32 } from "node:zlib";
import type { Context } from "../request/context";
import type { Node, Upstream } from "../request/types";

/** Returns the node for a request; undefined if there is none. */
export type Picker = (ctx: Context) => Node | undefined;

/** Weighted round robin: each cycle picks an item as many times as its weight, divided by the gcd of all weights. */
export function roundRobin<T>(items: [item: T, weight: number][]): () => T | undefined {
    const weights = items.filter(([, weight]) => weight > 0);
    const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
    const gcd = weights.reduce((all, [, weight]) => divide(weight, all), 0);
    const most = Math.max(0, ...weights.map(([, weight]) => weight));
    // A random start, so that not all workers start with the same node.
    let last = Math.floor(Math.random() * weights.length) - 1;
    let current = most;
    return () => {
        while (weights.length > 0) {
            while (++last < weights.length) if (weights[last][1] >= current) return weights[last][0];
            last = -1;
            current = current - gcd > 0 ? current - gcd : most;
        }
        return undefined;
    };
}

/** Points on the ring for each unit of weight, as in lua-resty-chash. */
const POINTS_PER_WEIGHT = 160;
const hash = (text: string) => crc32(Buffer.from(text, "latin1"));

/**
 * The ring of lua-resty-chash: a key belongs to the first point at or after its hash.
 * @param items items with an id and a weight. The id decides where the item is on the ring
 */
export function ring<T>(items: [item: T, id: string, weight: number][]): (key: string) => T | undefined {
    const points: [hash: number, item: T][] = [];
    const link = Buffer.alloc(4); // a point's hash includes the id and the previous hash
    for (const [item, id, weight] of items) {
        link.writeUInt32LE(0);
        for (let i = 0; i < POINTS_PER_WEIGHT * weight; i++) {
            const point = crc32(link, hash(id));
            points.push([point, item]);
            link.writeUInt32LE(point);
        }
    }
    points.sort(([a], [b]) => a - b);
    return (key) => {
        const at = hash(key);
        return (points.find(([point]) => point >= at) ?? points.at(0))?.[1];
    };
}

/** @param usable healthy nodes. @default all */
export function createPicker({ byConsumer, nodes }: Upstream, usable: readonly Node[] = nodes): Picker {
    const [only] = nodes;
    if (nodes.length === 1) return () => only; // a single node is used even if its weight is 0
    if (!byConsumer) return roundRobin(usable.map((node) => [node, node.weight]));
    const find = ring(usable.map((node) => [node, `${node.host}\0${node.port}`, node.weight]));
    return (ctx) => find(String(ctx.lookup("consumer_name") ?? ctx.remoteAddress));
}
