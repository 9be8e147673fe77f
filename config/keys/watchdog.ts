import * as z from "zod";
import { DEFAULT_IDLE_SECONDS, type ProgressLimits } from "../../components/opt/watchdog/progress";
import { got } from "../problems";
import { positive } from "../values";

/**
 * Smallest `idleSeconds`. Alpa waits up to a second for more prompts of a batch, and the script counts whole seconds. With
 * a smaller value, the watchdog would restart a healthy Alpa on a busy host.
 */
const LEAST_IDLE_SECONDS = 10;

/** Key `opt.watchdog`. */
export const optWatchdog = z
    .strictObject({
        enabled: z.boolean().default(true).meta({
            description: "Whether the watchdog runs.",
            reason: "A stack without a watchdog does not set the key `watchdog`.",
        }),
        idleSeconds: positive("a time in seconds")
            .refine((seconds) => seconds < 1 || seconds >= LEAST_IDLE_SECONDS, {
                error: (i) =>
                    `must be at least ${LEAST_IDLE_SECONDS}${got(i.input)}. Raise it, or the watchdog restarts Alpa while it only waits for more prompts`,
            })
            .default(DEFAULT_IDLE_SECONDS)
            .meta({
                description:
                    "Longest time for which a completion may wait while Alpa computes nothing, in seconds. After that the watchdog treats Alpa's batch loop as ended.",
                reason: "Alpa waits at most a second for more prompts to fill a batch.",
            }),
        stuckSeconds: positive("a time in seconds")
            .optional()
            .meta({
                description: "Longest time that one batch may run, in seconds.",
                examples: [1200],
                unset: "twice `alpa.answerTimeoutSeconds`",
            }),
    })
    .meta({
        description: "Restarts Alpa when it makes no progress. Changing any key of `watchdog` restarts Alpa once.",
        examples: [{}],
        unset: "an operator must restart a hung Alpa",
    });

interface ParsedLimits {
    enabled: boolean;
    idleSeconds: number;
    stuckSeconds?: number;
}

/**
 * Converts checked values into settings of the components.
 * @param answerSeconds longest time that callers wait for one answer, in seconds. The default limit is twice as long, since
 * Alpa continues to compute after a caller has given up
 * @returns undefined without a watchdog
 */
export function progressLimits(watchdog: ParsedLimits | undefined, answerSeconds: number): ProgressLimits | undefined {
    if (!watchdog?.enabled) return undefined;
    const { idleSeconds, stuckSeconds = 2 * answerSeconds } = watchdog;
    return { idleSeconds, stuckSeconds };
}

/**
 * Checks the keys of the watchdog against other keys.
 * @param answerSeconds longest time that callers wait for one answer; undefined if unknown
 */
export function watchdogProblems(
    watchdog: { stuckSeconds?: number } | undefined,
    answerSeconds: number | undefined,
): string[] {
    const { stuckSeconds } = watchdog ?? {};
    if (stuckSeconds === undefined || answerSeconds === undefined || stuckSeconds >= answerSeconds) return [];
    return [
        `opt.watchdog.stuckSeconds: must be at least ${answerSeconds}, the longest answer (got ${stuckSeconds}). Raise it, or the watchdog restarts Alpa during a long answer.`,
    ];
}
