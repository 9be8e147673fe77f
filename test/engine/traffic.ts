/** Callers that ask all the time, while something is done to what they ask. */
import { strict as assert } from "node:assert";
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

    constructor(way: Way<T>, callers = 2) {
        endAfterTest(() => (this.stopped = true));
        this.loops = Array.from({ length: callers }, async () => {
            while (!this.stopped) {
                this.answers.push(await way());
                await pause(PAUSE_MILLISECONDS);
            }
        });
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
 * Does something while callers ask.
 * @param way may throw
 * @returns what came of it, the number of requests, and all answers but 200
 * @throws AssertionError where there were so few requests that they prove nothing
 */
export async function under<T>(
    way: Way<Answer>,
    work: () => Promise<T>,
    callers = 2,
): Promise<{ done: T; all: number; failed: Answer[] }> {
    const traffic = new SteadyCallers(answer(way), callers);
    const done = await work().finally(() => traffic.stop());
    const failed = traffic.answers.filter((one) => one !== 200);
    console.log(`      ${traffic.count} requests, ${failed.length} failed`);
    assert.ok(traffic.count >= 2 * callers, `only ${traffic.count} requests`);
    return { done, all: traffic.count, failed };
}
