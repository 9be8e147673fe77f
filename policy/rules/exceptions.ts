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
const MOST_DAYS = 90;
const LEAST_REASON = 10;
const DAY = 86_400_000;

/** An error with every problem of the file. */
export class ExceptionsError extends Error {
    constructor(readonly problems: string[]) {
        super(problems.join("\n"));
    }
}
const FILE = "policy/exceptions.yaml";

const schemaOf = (rules: readonly string[], today: Date) => {
    const exception = z.strictObject({
        rule: z.string().refine((rule) => rules.includes(rule), `must be one of ${rules.join(", ")}. Choose one`),
        resource: z.string().min(1),
        reason: z.string().trim().min(LEAST_REASON),
        until: z.iso
            .date("must be a day, for example 2027-01-31")
            .refine((until) => !(daysUntil(until, today) > MOST_DAYS), `must be within ${MOST_DAYS} days`),
    });
    // Nothing after the key, as in the file without entries, is an empty list.
    return z.strictObject({ exceptions: z.array(exception).nullable() });
};

/** @param rules names of all rules @param today day of the run (UTC) @throws ExceptionsError */
export function parseExceptions(text: string, rules: readonly string[], today: Date): Exception[] {
    let file: unknown;
    try {
        file = parse(text, { logLevel: "error" });
    } catch (error) {
        throw new ExceptionsError([`${FILE}: must be YAML (${(error as Error).message.split("\n")[0]}).`]);
    }
    const read = schemaOf(rules, today).safeParse(file);
    if (read.success) return read.data.exceptions ?? [];
    throw new ExceptionsError(
        read.error.issues.map(({ path, message }) => `${FILE}: ${path.join(".") || "the file"}: ${message}.`),
    );
}

/** Days from today to a day, below 0 for a past day. */
const daysUntil = (until: string, today: Date) => Math.ceil((Date.parse(`${until}T00:00:00Z`) - today.getTime()) / DAY);

/** Violations without those that an exception exempts. An expired exception has no effect, and is named. */
export function standing(violations: Violation[], exceptions: Exception[], today: Date): Violation[] {
    return violations.flatMap((violation) => {
        const { rule, urn, name, message } = violation;
        const mine = exceptions.filter((one) => one.rule === rule && [urn, name].includes(one.resource));
        if (mine.some(({ until }) => daysUntil(until, today) >= 0)) return [];
        return mine.length === 0
            ? [violation]
            : [{ ...violation, message: `${message} Its exception expired on ${mine.at(-1)!.until}.` }];
    });
}
