/** Picks upstream nodes: roundrobin (lua-resty-roundrobin's order, random start) and chash. */
import { createHash } from "node:crypto";
import type { Context } from "./context";
import type { Node, Upstream } from "./types";

export interface Picker {
    /** The next node that is not in `tried`; undefined when there is none. */
    next(ctx: Context, tried: ReadonlySet<Node>): Node | undefined;
}

/** Weighted round robin: in each cycle a node with weight w is picked w times (all weights divided by their gcd). */
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
        // a random start, so that many workers do not all begin with the same node
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

/** Points on the ring for each unit of weight, as lua-resty-chash has. */
const POINTS_PER_WEIGHT = 160;

class Ring {
    private readonly points: [hash: number, node: Node][] = [];

    constructor(nodes: readonly Node[]) {
        const base = Math.min(...nodes.map((n) => n.weight));
        for (const node of nodes)
            for (let i = 0; i < POINTS_PER_WEIGHT * (node.weight / base); i++)
                this.points.push([hash(`${node.host}:${node.port}#${i}`), node]);
        this.points.sort(([a], [b]) => a - b);
    }

    find(key: string, tried: ReadonlySet<Node>): Node | undefined {
        const at = hash(key);
        const start = this.points.findIndex(([h]) => h >= at);
        for (let i = 0; i < this.points.length; i++) {
            const [, node] = this.points[(Math.max(start, 0) + i) % this.points.length];
            if (!tried.has(node)) return node;
        }
        return undefined;
    }
}

function hash(text: string): number {
    return createHash("md5").update(text, "latin1").digest().readUInt32BE(0);
}

/** The value chash hashes. */
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
        const ring = new Ring(usable);
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

/** @param usable those of its nodes that are taken for healthy. @default all */
export function createPicker(upstream: Upstream, usable: readonly Node[] = upstream.nodes): Picker {
    if (upstream.nodes.length === 1) {
        const [only] = upstream.nodes; // a single node is taken whatever its weight, and again in every retry
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
