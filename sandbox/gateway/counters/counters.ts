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

    /** Milliseconds since the epoch. */
    now(): number {
        return Date.now();
    }

    get(key: string): number | undefined {
        const cell = this.cells.get(key);
        if (!cell) return undefined;
        if (cell.expires > this.now()) return cell.value;
        this.cells.delete(key);
        return undefined;
    }

    /** @param ttl seconds */
    set(key: string, value: number, ttl = Infinity): void {
        this.cells.set(key, { value, expires: this.now() + ttl * 1000 });
        if (this.cells.size > this.sweepAt) this.sweep();
    }

    /**
     * Adds `delta` to a cell and keeps its expiry. A missing cell is first created with the value `initial` and the lifetime
     * `ttl`.
     */
    add(key: string, delta: number, initial: number, ttl = Infinity): number {
        const value = this.get(key);
        if (value === undefined) {
            this.set(key, initial + delta, ttl);
            return initial + delta;
        }
        const cell = this.cells.get(key) as Cell;
        cell.value = value + delta;
        return cell.value;
    }

    private sweep(): void {
        const now = this.now();
        for (const [key, cell] of this.cells) if (cell.expires <= now) this.cells.delete(key);
        this.sweepAt = Math.max(SWEEP_AT, this.cells.size * 2);
    }
}

/** JSON with sorted keys: equal configurations have equal texts. */
export function stable(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${stable(v)}`).join(",")}}`;
}

/** Version of a plugin's configuration. A changed configuration resets the plugin's counters. An equal configuration keeps them. */
export function confVersion(conf: unknown): string {
    return createHash("sha1").update(stable(conf)).digest("hex").slice(0, 16);
}
