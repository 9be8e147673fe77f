import { parse } from "yaml";
import * as z from "zod";
import type { Violation } from "./index";

/** Exempts one resource from one rule until a date. It is in policy/exceptions.yaml, so that it is reviewed. */
export interface Exception {
    rule: string;
    /** URN of the resource, for one stack, or its name, for every stack with such a resource. */
    resource: string;
    reason: string;
    /** Last day on which the exception is valid, for example 2027-01-31 (UTC). */
    until: string;
}

/** Longest duration of an exception, in days. After it, a review must renew the exception. */
export const MOST_DAYS = 90;
const LEAST_REASON = 10;
const DAY = 86_400_000;

/** An error with every problem of the file. */
export class ExceptionsError extends Error {
    constructor(readonly problems: string[]) {
        super(
            `${problems.length} problem${problems.length === 1 ? "" : "s"} in the exceptions of the policy pack:\n` +
                problems.map((problem) => `  - ${problem}`).join("\n"),
        );
    }
}

const schema = z.strictObject({
    // Nothing after the key, as in the file without entries, is an empty list.
    exceptions: z
        .array(
            z.strictObject({
                rule: z.string(),
                resource: z.string().min(1),
                reason: z.string().trim().min(LEAST_REASON),
                until: z.string(),
            }),
        )
        .nullable(),
});

/**
 * @param rules names of all rules
 * @param today day of the run (UTC)
 * @throws ExceptionsError
 */
export function parseExceptions(text: string, rules: readonly string[], today: Date): Exception[] {
    let file: unknown;
    try {
        file = parse(text, { logLevel: "error" });
    } catch (error) {
        throw new ExceptionsError([`the file: must be YAML (${(error as Error).message.split("\n")[0]}).`]);
    }
    const read = schema.safeParse(file);
    if (!read.success)
        throw new ExceptionsError(
            read.error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}.`),
        );
    const exceptions = read.data.exceptions ?? [];
    const problems = exceptions.flatMap(({ rule, until }, i) => {
        const where = `exceptions.${i}`;
        const days = daysUntil(until, today);
        return [
            ...(rules.includes(rule)
                ? []
                : [`${where}.rule: must be one of ${rules.join(", ")} (got "${rule}"). Choose one.`]),
            ...(days === undefined
                ? [`${where}.until: must be a day (got "${until}"). Write for example 2027-01-31.`]
                : days > MOST_DAYS
                  ? [
                        `${where}.until: must be within ${MOST_DAYS} days (got ${until}). Choose an earlier day. Renew the exception before that day, with a review.`,
                    ]
                  : []),
        ];
    });
    if (problems.length > 0) throw new ExceptionsError(problems);
    return exceptions;
}

/** @returns days from today to a day, below 0 for a past day; undefined for an invalid one */
function daysUntil(until: string, today: Date): number | undefined {
    const time = Date.parse(`${until}T00:00:00Z`);
    if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== until) return undefined;
    return Math.round((time - Date.parse(`${today.toISOString().slice(0, 10)}T00:00:00Z`)) / DAY);
}

/** Remaining and exempted violations. An expired exception has no effect, and is reported. */
export function judged(violations: Violation[], exceptions: Exception[], today: Date) {
    const standing: Violation[] = [];
    const excused: (Violation & Pick<Exception, "reason" | "until">)[] = [];
    for (const violation of violations) {
        const mine = exceptions.filter(
            ({ rule, resource }) => rule === violation.rule && [violation.urn, violation.name].includes(resource),
        );
        const live = mine.find(({ until }) => daysUntil(until, today)! >= 0);
        const ended = mine.at(-1);
        if (live) excused.push({ ...violation, reason: live.reason, until: live.until });
        else if (ended)
            standing.push({ ...violation, message: `${violation.message} Its exception expired on ${ended.until}.` });
        else standing.push(violation);
    }
    return { standing, excused };
}
