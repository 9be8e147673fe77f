/** Interrupts a step because of an order, or at a given time. */
import { unlessAborted } from "../../abort";
import { duration } from "../clock";
import type { Actions } from "./interfaces";

export class StepInterruption {
    private readonly controller = new AbortController();
    private readonly undo: (() => void)[] = [];

    constructor(private readonly at: Actions["at"]) {}

    get signal(): AbortSignal {
        return this.controller.signal;
    }

    /** Interrupts when the order comes, with the order's reason. */
    onOrder(order: AbortSignal): void {
        const call = () => this.controller.abort(order.reason);
        if (order.aborted) return call();
        order.addEventListener("abort", call, { once: true });
        this.undo.push(() => order.removeEventListener("abort", call));
    }

    /** Interrupts at an instant, in milliseconds. */
    atInstant(instant: number, why: string): void {
        this.undo.push(this.at(instant, () => this.controller.abort(why)));
    }

    /** Waits until the work ends or is interrupted, because interrupted work may never end. */
    race<T>(work: Promise<T>): Promise<T> {
        return unlessAborted(work, this.signal);
    }

    /** Removes all interruptions. */
    end(): void {
        this.undo.splice(0).forEach((undo) => undo());
    }
}

/**
 * Waits for work up to a time limit. @param orders signals that also end the wait @throws the reason of the
 * interruption, or the error of the work
 */
export async function within<T>(
    { now, at }: Pick<Actions, "now" | "at">,
    orders: AbortSignal[],
    seconds: number,
    work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
    const interruption = new StepInterruption(at);
    orders.forEach((order) => interruption.onOrder(order));
    interruption.atInstant(now() + seconds * 1000, `no result within ${duration(seconds)}`);
    try {
        return await interruption.race(work(interruption.signal));
    } catch (error) {
        throw interruption.signal.aborted ? new Error(String(interruption.signal.reason)) : error;
    } finally {
        interruption.end();
    }
}
