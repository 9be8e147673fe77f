/** Findings that the team accepts, listed in a file of the repository. Merging a change of the file accepts a finding. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { day, daysUntil } from "../../../config/keys/consumers/credentials";
import { UsageError } from "../../errors";
import { CODES, type Finding } from "../review/finding";

/** Accepts one finding of one stack until a given day. */
export interface Acceptance {
    stack: string;
    code: string;
    /** Name of a resource of the finding, for a finding about several resources one of them. */
    resource: string;
    /** Path of a property of this resource, if the finding is about properties. */
    property?: string;
    reason: string;
    /** Last day on which the entry is valid, for example 2027-01-31 (UTC). */
    until: string;
}

/** Path of the file with accepted findings, from the root of a clone. */
export const FILE = "policy/accepted.yaml";
/** How long an entry may be valid, in days. The limit is short, because an entry is meant for one change only. */
const MOST_DAYS = 30;
const LEAST_REASON = 10;

/**
 * Codes of findings that this file cannot accept, because they need an exception of the policy pack. The value names the
 * file for these exceptions.
 */
const ELSEWHERE: Record<string, string> = {
    "policy-violated": "policy/exceptions.yaml, as docs/review/policy.md says",
};

const schema = z.strictObject({
    // Nothing after the key, as in the file without entries, is an empty list.
    accepted: z
        .array(
            z.strictObject({
                stack: z.string().min(1),
                code: z.string(),
                resource: z.string().min(1),
                property: z.string().min(1).optional(),
                reason: z.string().trim().min(LEAST_REASON),
                until: day,
            }),
        )
        .nullable(),
});

/** Reads the file; returns an empty list if there is none. @throws UsageError with all problems of the file */
export function readAccepted(root: string, today: Date): Acceptance[] {
    const file = join(root, FILE);
    if (!existsSync(file)) return [];
    let value: unknown;
    try {
        value = parse(readFileSync(file, "utf8"), { logLevel: "error" });
    } catch (error) {
        throw new UsageError([`${FILE}: must be YAML (${(error as Error).message.split("\n")[0]}).`]);
    }
    const read = schema.safeParse(value);
    if (!read.success)
        throw new UsageError(
            read.error.issues.map(({ path, message }) => `${FILE}: ${path.join(".") || "the file"}: ${message}.`),
        );
    const accepted = read.data.accepted ?? [];
    const problems = accepted.flatMap(({ code, until }, i) => [
        ...codeProblems(code, `${FILE}: accepted.${i}.code`),
        ...(daysUntil(until, today) > MOST_DAYS
            ? [`${FILE}: accepted.${i}.until: must be within ${MOST_DAYS} days (got ${until}). Choose an earlier day.`]
            : []),
    ]);
    if (problems.length > 0) throw new UsageError(problems);
    return accepted;
}

function codeProblems(code: string, where: string): string[] {
    if (Object.hasOwn(ELSEWHERE, code))
        return [`${where}: must not be ${code}. Write the exception into ${ELSEWHERE[code]}.`];
    if (Object.hasOwn(CODES, code)) return [];
    return [`${where}: must be the code of a finding of stack review (got ${JSON.stringify(code)}).`];
}

/** @returns the entry that accepts the finding. It names any of the finding's resources, since the finding is one effect. */
export function acceptedBy(
    { code, evidence }: Finding,
    stack: string,
    all: readonly Acceptance[],
    today: Date,
): Acceptance | undefined {
    return all.find(
        (one) =>
            one.stack === stack &&
            one.code === code &&
            evidence.some(({ resource, property }) => one.resource === resource && one.property === property) &&
            daysUntil(one.until, today) >= 0,
    );
}

/** Lines for the end of the file that would accept the findings, one for each; empty if they cannot be accepted. */
export function entriesFor(findings: Finding[], stack: string, until: string): string[] {
    const lines = findings
        .filter(({ code, evidence }) => !(code in ELSEWHERE) && evidence.length > 0)
        .map(({ code, evidence: [{ resource, property }] }) => {
            const place = property === undefined ? "" : `, property: ${JSON.stringify(property)}`;
            return `  - { stack: ${JSON.stringify(stack)}, code: ${code}, resource: ${JSON.stringify(resource)}${place}, until: ${until}, reason: "…" }`;
        });
    return [...new Set(lines)];
}
