/** Callers that ask all the time, while something is done to what they ask. */
import { setTimeout as pause } from "node:timers/promises";
import { endAfterTest } from "./leftovers";

/** Asks once. @returns what is looked at of the answer. Must not throw */
export type Way<T> = () => Promise<T>;

/** Between an answer and the next request: also where nothing answers, everything else has its turn. */
const PAUSE_MILLISECONDS = 50;

/** Callers that ask again in a moment after each answer, until they are stopped or the test is over. */
export class SteadyCallers<T> {
    readonly answers: T[] = [];
    private stopped = false;
    private readonly loops: Promise<void>[];
    /** For each caller, who waits for the answer to its next request. */
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

    /** Ends when every caller has sent a request after this call, and has its answer. */
    async round(): Promise<void> {
        await Promise.all(this.waiting.map((waiting) => new Promise<void>((tell) => waiting.push(tell))));
    }

    get count(): number {
        return this.answers.length;
    }

    /** @returns all answers, those that were still to come too */
    async stop(): Promise<T[]> {
        this.stopped = true;
        await Promise.all(this.loops);
        return this.answers;
    }
}

/** Status, or why there is none. */
export type Answer = number | string;

/** The same way, for one that throws where there is no answer. */
export function answer(way: Way<Answer>): Way<Answer> {
    return () => way().catch((error: Error) => error.message);
}

/**
 * Does something while callers ask: each has an answer before it begins, and another after its end.
 * @param way may throw
 * @returns what came of it, the number of requests, and all answers but 200
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
