import type { Clock } from "../../../rampart/kubernetes/api.js";

/** A clock that only the test moves. A watch of 60 s takes no real time and has a deterministic result. */
export class VirtualClock implements Clock {
    private time = 0;
    private timers: { at: number; resolve: () => void }[] = [];

    now(): number {
        return this.time;
    }

    sleep(seconds: number, signal?: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason as Error);
            const stop = () => {
                this.timers = this.timers.filter((other) => other !== timer);
                reject(signal?.reason as Error);
            };
            const done = () => {
                signal?.removeEventListener("abort", stop);
                resolve();
            };
            const timer = { at: this.time + seconds, resolve: done };
            this.timers.push(timer);
            signal?.addEventListener("abort", stop, { once: true });
        });
    }

    /** Moves the clock until a condition is true. Fails if that takes more than `limit` seconds of this clock. */
    async until(what: string, holds: () => boolean, limit = 600): Promise<void> {
        const end = this.time + limit;
        for (;;) {
            await quiet();
            if (holds()) return;
            const next = this.timers.reduce<(typeof this.timers)[number] | undefined>(
                (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
                undefined,
            );
            if (next === undefined || next.at > end)
                throw new Error(`${what}: must hold within ${limit} s of its time`);
            this.timers = this.timers.filter((timer) => timer !== next);
            this.time = next.at;
            next.resolve();
        }
    }

    async run(seconds: number): Promise<void> {
        let over = false;
        const waited = this.sleep(seconds).then(() => (over = true));
        await this.until("time", () => over, seconds);
        await waited;
    }
}

/**
 * Waits for everything that can run while the clock stands still: pending promises run before setImmediate calls back.
 */
async function quiet(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
