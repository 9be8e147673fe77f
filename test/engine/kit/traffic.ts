/** Callers that send requests all the time while a test changes something. */
import { setTimeout as pause } from "node:timers/promises";
import { endAfterTest } from "./leftovers";

/** Sends one request. @returns the part of the answer that the test checks. Must not throw */
export type Way<T> = () => Promise<T>;

/** Pause after each answer, so that immediate errors do not take all CPU time. */
const PAUSE_MILLISECONDS = 50;

/** Callers that send one request after the other, until they are stopped or the test ends. */
export class SteadyCallers<T> {
    readonly answers: T[] = [];
    private stopped = false;
    private readonly loops: Promise<void>[];
    /** For each caller: functions to call after its next answer. */
    private readonly waiting: (() => void)[][];

    constructor(way: Way<T>, callers = 2) {
        endAfterTest(() => (this.stopped = true));
        this.waiting = Array.from({ length: callers }, () => []);
        this.loops = this.waiting.map(async (waiting) => {
            while (!this.stopped) {
                const told = waiting.splice(0);
                this.answers.push(await way());
                told.forEach((tell) => tell());
                await pause(PAUSE_MILLISECONDS);
            }
        });
    }

    /** Resolves when every caller has sent a request after this call and has its answer. */
    async round(): Promise<void> {
        await Promise.all(this.waiting.map((waiting) => new Promise<void>((tell) => waiting.push(tell))));
    }

    get count(): number {
        return this.answers.length;
    }

    /** Stops, and waits for the open requests. @returns all answers */
    async stop(): Promise<T[]> {
        this.stopped = true;
        await Promise.all(this.loops);
        return this.answers;
    }
}

/** Status, or the error message. */
export type Answer = number | string;

/** Returns a function that sends a request. If the request fails, its answer is the error message. */
export function answer(way: Way<Answer>): Way<Answer> {
    return () => way().catch((error: Error) => error.message);
}

/**
 * Does the work while callers send requests. Each caller gets an answer before the work starts, and an answer after the work
 * has ended.
 * @param way sends one request; may throw
 * @returns the result of the work, the number of requests, and all answers that are not 200
 */
export async function under<T>(
    way: Way<Answer>,
    work: () => Promise<T>,
    callers = 2,
): Promise<{ done: T; all: number; failed: Answer[] }> {
    const traffic = new SteadyCallers(answer(way), callers);
    await traffic.round();
    const done = await work()
        .then(async (result) => {
            await traffic.round();
            return result;
        })
        .finally(() => traffic.stop());
    const failed = traffic.answers.filter((one) => one !== 200);
    console.log(`      ${traffic.count} requests, ${failed.length} failed`);
    return { done, all: traffic.count, failed };
}
