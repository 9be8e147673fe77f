/** What ends a step before its end: an order, or the clock. */
import { duration } from "./clock";
import type { Effects } from "./interfaces";

export class BreakOff {
    private readonly controller = new AbortController();
    private readonly undo: (() => void)[] = [];

    constructor(private readonly at: Effects["at"]) {}

    get signal(): AbortSignal {
        return this.controller.signal;
    }

    /** Breaks off with an order, and for its reason. */
    on(order: AbortSignal): void {
        const call = () => this.controller.abort(order.reason);
        if (order.aborted) return call();
        order.addEventListener("abort", call, { once: true });
        this.undo.push(() => order.removeEventListener("abort", call));
    }

    /** Breaks off at an instant, in milliseconds. */
    when(instant: number, why: string): void {
        this.undo.push(this.at(instant, () => this.controller.abort(why)));
    }

    /** Does not wait for what has not ended when it is broken off: it may never end. */
    async race<T>(work: Promise<T>): Promise<T> {
        const { signal } = this;
        let leave: () => void = () => undefined;
        const broken = new Promise<never>((_, reject) => {
            leave = () => reject(new Error(String(signal.reason)));
            if (signal.aborted) leave();
            else signal.addEventListener("abort", leave, { once: true });
        });
        try {
            return await Promise.race([work, broken]);
        } finally {
            signal.removeEventListener("abort", leave);
        }
    }

    /** Nothing breaks off any more. */
    end(): void {
        this.undo.splice(0).forEach((undo) => undo());
    }
}

/** Waits for work so long at most. @param orders that end it too @throws for what ended it, or in the words of the work */
export async function within<T>(
    { now, at }: Pick<Effects, "now" | "at">,
    orders: AbortSignal[],
    seconds: number,
    work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
    const broken = new BreakOff(at);
    orders.forEach((order) => broken.on(order));
    broken.when(now() + seconds * 1000, `it did not end in ${duration(seconds)}`);
    try {
        return await broken.race(work(broken.signal));
    } catch (error) {
        throw broken.signal.aborted ? new Error(String(broken.signal.reason)) : error;
    } finally {
        broken.end();
    }
}
