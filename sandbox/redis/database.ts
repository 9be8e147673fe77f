/** One of the numbered databases: values, their time to live, and who watches them. */
import { RedisError } from "./resp";

/** Member to score. */
export type SortedSet = Map<string, number>;

interface Entry {
    value: string | SortedSet;
    /** Milliseconds since the epoch; Infinity = never. */
    expires: number;
}

/** Someone who wants to know whether a key has changed since WATCH. */
export interface Watcher {
    disturbed: boolean;
}

export class Database {
    private readonly entries = new Map<string, Entry>();
    private readonly watchers = new Map<string, Set<Watcher>>();

    /** An expired entry goes when somebody looks for it. */
    private find(key: string): Entry | undefined {
        const entry = this.entries.get(key);
        if (!entry || entry.expires > Date.now()) return entry;
        this.delete(key);
        return undefined;
    }

    text(key: string): string | undefined {
        const value = this.find(key)?.value;
        if (value instanceof Map) throw wrongType();
        return value;
    }

    /** An existing text keeps its time to live unless a new one is given. */
    setText(key: string, value: string, expires?: number): void {
        this.entries.set(key, { value, expires: expires ?? this.find(key)?.expires ?? Infinity });
        this.touch(key);
    }

    set(key: string): SortedSet | undefined {
        const value = this.find(key)?.value;
        if (typeof value === "string") throw wrongType();
        return value;
    }

    /** Changes a sorted set, which begins empty and ends when it is empty. */
    changeSet(key: string, change: (set: SortedSet) => void): void {
        const set = this.set(key) ?? new Map<string, number>();
        change(set);
        this.entries.set(key, { value: set, expires: this.find(key)?.expires ?? Infinity });
        if (set.size === 0) this.delete(key);
        else this.touch(key);
    }

    has(key: string): boolean {
        return this.find(key) !== undefined;
    }

    delete(key: string): boolean {
        const there = this.entries.delete(key);
        if (there) this.touch(key);
        return there;
    }

    /** Milliseconds left; -1 = for ever, -2 = no such key. */
    timeToLive(key: string): number {
        const entry = this.find(key);
        if (!entry) return -2;
        return entry.expires === Infinity ? -1 : entry.expires - Date.now();
    }

    expire(key: string, milliseconds: number): boolean {
        const entry = this.find(key);
        if (!entry) return false;
        if (milliseconds <= 0) return this.delete(key);
        entry.expires = Date.now() + milliseconds;
        this.touch(key);
        return true;
    }

    watch(key: string, watcher: Watcher): void {
        this.find(key); // so that only an expiry after this moment disturbs
        const all = this.watchers.get(key) ?? new Set();
        this.watchers.set(key, all.add(watcher));
    }

    unwatch(key: string, watcher: Watcher): void {
        this.find(key);
        const all = this.watchers.get(key);
        all?.delete(watcher);
        if (all?.size === 0) this.watchers.delete(key);
    }

    private touch(key: string): void {
        for (const watcher of this.watchers.get(key) ?? []) watcher.disturbed = true;
    }
}

function wrongType(): RedisError {
    return new RedisError("WRONGTYPE Operation against a key holding the wrong kind of value");
}
