import * as z from "zod";
import { DEFAULT_IDLE_SECONDS, type ProgressLimits } from "../../components/hosts/watchdog/progress";
import { positive } from "../values";

/** Keys of every watchdog: when Alpa is taken to make no progress. */
export const progressKeys = {
    idleSeconds: positive("a time in seconds")
        .default(DEFAULT_IDLE_SECONDS)
        .describe(
            "How long a completion may wait while Alpa computes nothing, in seconds: its batch loop has ended then.",
        ),
    stuckSeconds: positive("a time in seconds")
        .optional()
        .describe("Longest time that one batch may run, in seconds. Unset: twice `alpa.answerTimeoutSeconds`."),
};

/** Key `opt.watchdog`. */
export const optWatchdog = z
    .strictObject({
        enabled: z.boolean().default(true).describe("Whether the watchdog runs. A change restarts Alpa."),
        ...progressKeys,
    })
    .describe("Restarts Alpa when it makes no progress. Unset: nothing does. A change restarts Alpa once.");

interface ParsedLimits {
    enabled: boolean;
    idleSeconds: number;
    stuckSeconds?: number;
}

/**
 * Checked values in the shape the components take.
 * @param answerSeconds longest time that callers wait for one answer, in seconds. Alpa computes on after that, hence twice as long
 * @returns undefined where no watchdog runs
 */
export function progressLimits(watchdog: ParsedLimits | undefined, answerSeconds: number): ProgressLimits | undefined {
    if (!watchdog?.enabled) return undefined;
    const { idleSeconds, stuckSeconds = 2 * answerSeconds } = watchdog;
    return { idleSeconds, stuckSeconds };
}

/**
 * What must hold between the keys of a watchdog and others.
 * @param where the key
 * @param answerSeconds longest time that callers wait for one answer. Unset: it is not known
 */
export function watchdogProblems(
    where: string,
    watchdog: { stuckSeconds?: number } | undefined,
    answerSeconds: number | undefined,
): string[] {
    const { stuckSeconds } = watchdog ?? {};
    if (stuckSeconds === undefined || answerSeconds === undefined || stuckSeconds >= answerSeconds) return [];
    return [
        `${where}.stuckSeconds: must be at least ${answerSeconds}, the longest answer (got ${stuckSeconds}). Raise it, or a long answer counts as none.`,
    ];
}
