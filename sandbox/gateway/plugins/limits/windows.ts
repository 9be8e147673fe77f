/** Time windows of limit-count, with counters in this process or in a shared Redis. */
import type { Counters } from "../../counters/counters";
import type { RedisConf } from "../../counters/redis-connections";
import type { SharedCounters } from "../../counters/shared-counters";

interface Verdict {
    allowed: boolean;
    remaining: number;
    /** Seconds until the limit is reset, as a text. */
    reset: string;
}

type WindowType = "fixed" | "sliding";

/** Counts a request. If the limit is reached, the request is not counted. @param window duration in seconds */
type Take = (key: string, limit: number, window: number) => Promise<Verdict>;

export function localWindows(counters: Counters, type: WindowType): Take {
    const take = type === "sliding" ? slidingHere : fixedHere;
    return async (key, limit, window) => take(counters, key, limit, window);
}

export function sharedWindows(shared: SharedCounters, conf: RedisConf, type: WindowType): Take {
    const take = type === "sliding" ? slidingShared : fixedShared;
    return (key, limit, window) => take(shared, conf, key, limit, window);
}

const twoDecimals = (seconds: number) => String(Math.round(Math.max(0, seconds) * 100) / 100);
const upToTwoDecimals = (seconds: number) => String(Math.ceil(seconds * 100) / 100);

/**
 * Adds to the count of a window, or starts the window. As in APISIX, the reported end of the window moves as long as its count
 * is 0. @param window duration in seconds
 */
export function localCount(counters: Counters, key: string, window: number, delta: number) {
    const count = counters.add(key, delta, 0, window);
    const endKey = `${key}:end`;
    if (count === delta) counters.set(endKey, counters.now() + window * 1000, window);
    return { count, leftMs: Math.max(0, (counters.get(endKey) ?? 0) - counters.now()) };
}

/** The window starts with the first counted request. Rejected requests do not extend it. */
function fixedHere(counters: Counters, key: string, limit: number, window: number): Verdict {
    const left = counters.add(key, -1, limit, window);
    const endKey = `${key}:end`;
    if (left === limit - 1) {
        counters.set(endKey, counters.now() + window * 1000, window);
        return { allowed: true, remaining: left, reset: String(window) };
    }
    const end = counters.get(endKey) ?? counters.now();
    return { allowed: left >= 0, remaining: Math.max(0, left), reset: twoDecimals((end - counters.now()) / 1000) };
}

async function fixedShared(
    shared: SharedCounters,
    conf: RedisConf,
    key: string,
    limit: number,
    window: number,
): Promise<Verdict> {
    const { count, leftMs } = await shared.count(conf, key, window);
    const reset = twoDecimals(leftMs / 1000);
    return { allowed: count <= limit, remaining: Math.max(0, limit - count), reset };
}

/**
 * A sliding window of limit-count, approximated by two fixed windows. The sliding window still covers a part of the previous
 * fixed window. The count of the previous window is multiplied by the size of this part, from 0 to 1.
 */
class Slide {
    private readonly id: number;
    /** Seconds until the end of the window. */
    readonly left: number;

    /** @param now milliseconds */
    constructor(
        now: number,
        private readonly limit: number,
        readonly window: number,
    ) {
        this.id = Math.floor(now / 1000 / window);
        this.left = window - ((now / 1000) % window);
    }

    /** Names of two counters: the counter of the current fixed window, and the counter of the previous fixed window. */
    keys(key: string): [string, string] {
        return [`${key}.${this.id}.counter`, `${key}.${this.id - 1}.counter`];
    }

    /** Lifetime of a counter in seconds: two windows, because the next window reads it too. */
    get life(): number {
        return this.window * 2;
    }

    /** Requests per second in the previous window. */
    private rate(previous: number): number {
        return Math.min(previous, this.limit) / this.window;
    }

    readonly admits = (count: number, previous: number): boolean =>
        count < this.limit && this.rate(previous) * this.left + count < this.limit;

    /** @param count number of requests in the current window, including this one if it was admitted */
    verdict(allowed: boolean, count: number, previous: number): Verdict {
        const rate = this.rate(previous);
        if (allowed) {
            const remaining = Math.floor(this.limit - count - rate * this.left);
            return { allowed, remaining, reset: upToTwoDecimals(this.left) };
        }
        const byRate = rate === 0 ? this.left : Math.max(0, this.left - (this.limit - count) / rate);
        return { allowed, remaining: 0, reset: upToTwoDecimals(count >= this.limit ? this.left : byRate) };
    }
}

function slidingHere(counters: Counters, key: string, limit: number, window: number): Verdict {
    const slide = new Slide(counters.now(), limit, window);
    const [current, before] = slide.keys(key);
    const [count, previous] = [counters.get(current) ?? 0, counters.get(before) ?? 0];
    if (!slide.admits(count, previous)) return slide.verdict(false, count, previous);
    return slide.verdict(true, counters.add(current, 1, 0, slide.life), previous);
}

async function slidingShared(
    shared: SharedCounters,
    conf: RedisConf,
    key: string,
    limit: number,
    window: number,
): Promise<Verdict> {
    const slide = new Slide(Date.now(), limit, window);
    const { admitted, count, previous } = await shared.countIf(conf, slide.keys(key), limit, slide);
    return slide.verdict(admitted, count, previous);
}
