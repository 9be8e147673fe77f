/** Counters of the limit-* plugins. They live in the memory of the process, so a restart loses them. */
import { createHash } from "node:crypto";

interface Cell {
    value: number;
    /** Expiry in milliseconds since the epoch; Infinity: never. */
    expires: number;
}

/** Expired cells are deleted when there are more cells than this. */
const SWEEP_AT = 10_000;

/** A dictionary whose values expire, like a shared memory zone of nginx. */
export class Counters {
    private cells = new Map<string, Cell>();
    private sweepAt = SWEEP_AT;

    private live(key: string): Cell | undefined {
        const cell = this.cells.get(key);
        return cell && cell.expires > Date.now() ? cell : undefined;
    }

    get(key: string): number | undefined {
        return this.live(key)?.value;
    }

    /** @param ttl seconds */
    set(key: string, value: number, ttl = Infinity): void {
        this.cells.set(key, { value, expires: Date.now() + ttl * 1000 });
        if (this.cells.size <= this.sweepAt) return;
        for (const [name, { expires }] of this.cells) if (expires <= Date.now()) this.cells.delete(name);
        this.sweepAt = Math.max(SWEEP_AT, this.cells.size * 2);
    }

    /** Adds to a cell and keeps its expiry. A missing cell is first created with 0 and the lifetime `ttl`. */
    add(key: string, delta: number, ttl = Infinity): number {
        const cell = this.live(key);
        if (!cell) this.set(key, delta, ttl);
        else cell.value += delta;
        return cell?.value ?? delta;
    }

    /**
     * Adds to the count of a window, or starts the window. As in APISIX, the reported end of the window moves as long as its
     * count is 0. @param window duration in seconds
     */
    count(key: string, window: number, delta = 1): { count: number; leftMs: number } {
        const count = this.add(key, delta, window);
        if (count === delta) this.set(`${key}:end`, Date.now() + window * 1000, window);
        return { count, leftMs: Math.max(0, (this.get(`${key}:end`) ?? 0) - Date.now()) };
    }
}

/**
 * Version of a plugin's configuration. A changed configuration resets the plugin's counters. An equal configuration keeps them,
 * in whatever order its fields were written: zod returns them in the order of the schema.
 */
export function confVersion(conf: object): string {
    return createHash("sha1").update(JSON.stringify(conf)).digest("hex").slice(0, 16);
}
