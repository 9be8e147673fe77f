/**
 * Picks upstream nodes by roundrobin (in the order of lua-resty-roundrobin, from a random start) or chash (lua-resty-chash's
 * ring).
 */
import { crc32 } from "node:zlib";
import type { Context } from "../request/context";
import type { Node, Upstream } from "../request/types";

export interface Picker {
    /** Returns the next node that is not in `tried`. Undefined if all nodes have been tried. */
    next(ctx: Context, tried: ReadonlySet<Node>): Node | undefined;
}

/** Weighted round robin: each cycle picks a node as many times as its weight, divided by the gcd of all weights. */
export class RoundRobin<T> {
    private readonly weights: [item: T, weight: number][];
    private readonly gcd: number;
    private readonly max: number;
    private last: number;
    private current: number;

    constructor(items: Iterable<[T, number]>) {
        this.weights = [...items].filter(([, weight]) => weight > 0);
        const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
        this.gcd = this.weights.reduce((all, [, weight]) => divide(weight, all), 0);
        this.max = Math.max(0, ...this.weights.map(([, weight]) => weight));
        // A random start, so that not all workers start with the same node.
        this.last = this.weights.length > 0 ? Math.floor(Math.random() * this.weights.length) - 1 : -1;
        this.current = this.max;
    }

    pick(): T | undefined {
        if (this.weights.length === 0) return undefined;
        for (;;) {
            while (++this.last < this.weights.length) {
                const [item, weight] = this.weights[this.last];
                if (weight >= this.current) return item;
            }
            this.last = -1;
            this.current -= this.gcd;
            if (this.current <= 0) this.current = this.max;
        }
    }

    get size(): number {
        return this.weights.length;
    }
}

/** Points on the ring for each unit of weight, as in lua-resty-chash. */
const POINTS_PER_WEIGHT = 160;

/** The ring of lua-resty-chash: a key belongs to the first point at or after its hash. */
export class Ring<T> {
    private readonly points: [hash: number, item: T][] = [];

    /** @param items items with an id and a weight. The id decides where the item is on the ring */
    constructor(items: Iterable<[item: T, id: string, weight: number]>) {
        const link = Buffer.alloc(4); // a point's hash includes the id and the previous hash
        for (const [item, id, weight] of items) {
            const base = hash(id);
            link.writeUInt32LE(0);
            for (let i = 0; i < POINTS_PER_WEIGHT * weight; i++) {
                const point = crc32(link, base);
                this.points.push([point, item]);
                link.writeUInt32LE(point);
            }
        }
        this.points.sort(([a], [b]) => a - b);
    }

    find(key: string, tried: ReadonlySet<T>): T | undefined {
        const start = this.firstFrom(hash(key));
        for (let i = 0; i < this.points.length; i++) {
            const [, item] = this.points[(start + i) % this.points.length];
            if (!tried.has(item)) return item;
        }
        return undefined;
    }

    /**
     * Returns the index of the first point whose hash is at least `at`. If every hash is lower, returns the number of
     * points.
     */
    private firstFrom(at: number): number {
        let [low, high] = [0, this.points.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.points[middle][0] < at) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}

function hash(text: string): number {
    return crc32(Buffer.from(text, "latin1"));
}

/** The value of a request that chash hashes. */
function hashValue(upstream: Upstream, ctx: Context): string {
    const key = upstream.hashKey ?? "";
    const name: Record<string, string> = {
        vars: key,
        header: `http_${key.toLowerCase().replace(/-/g, "_")}`,
        cookie: `cookie_${key}`,
        consumer: "consumer_name",
    };
    const value = upstream.hashOn === "vars_combinations" ? ctx.resolve(key).text : ctx.lookup(name[upstream.hashOn]);
    return value === undefined ? ctx.remoteAddress : String(value);
}

function groupPicker(upstream: Upstream, nodes: readonly Node[]): Picker {
    const usable = nodes.filter((n) => n.weight > 0);
    if (upstream.type === "chash") {
        const idOf = ({ host, port }: Node) => `${host}:${port}`.replace(/:/g, "\0");
        const ring = new Ring(usable.map((n): [Node, string, number] => [n, idOf(n), n.weight]));
        return { next: (ctx, tried) => ring.find(hashValue(upstream, ctx), tried) };
    }
    const robin = new RoundRobin(usable.map((n): [Node, number] => [n, n.weight]));
    return {
        next: (_, tried) => {
            if (usable.every((n) => tried.has(n))) return undefined;
            for (;;) {
                const node = robin.pick();
                if (node === undefined || !tried.has(node)) return node;
            }
        },
    };
}

/** @param usable healthy nodes. @default all */
export function createPicker(upstream: Upstream, usable: readonly Node[] = upstream.nodes): Picker {
    if (upstream.nodes.length === 1) {
        const [only] = upstream.nodes; // a single node is used in every retry, even if its weight is 0
        return { next: () => only };
    }
    const priorities = [...new Set(usable.map((n) => n.priority))].sort((a, b) => b - a);
    const groups = priorities.map((p) =>
        groupPicker(
            upstream,
            usable.filter((n) => n.priority === p),
        ),
    );
    return {
        next: (ctx, tried) => {
            for (const group of groups) {
                const node = group.next(ctx, tried);
                if (node) return node;
            }
            return undefined;
        },
    };
}
