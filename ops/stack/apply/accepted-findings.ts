/** Findings that the team accepts, listed in a file of the repository. Merging a change of the file accepts a finding. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { day, daysUntil } from "../../../config/keys/consumers/credentials";
import { UsageError } from "../../errors";
import { CODES, type Finding } from "../review/finding";

/** Accepts one finding of one stack until a given day. */
export type Acceptance = NonNullable<z.infer<ReturnType<typeof schema>>["accepted"]>[number];

/** Path of the file with accepted findings, from the root of a clone. */
export const FILE = "policy/accepted.yaml";
/** How long an entry may be valid, in days. The limit is short, because an entry is meant for one change only. */
const MOST_DAYS = 30;
const LEAST_REASON = 10;

/** A violation of the policy pack needs an exception of the pack instead. */
const isAcceptable = (code: string) => Object.hasOwn(CODES, code) && code !== "policy-violated";
const CODE =
    "must be the code of a finding of stack review, but not policy-violated, whose exceptions are in policy/exceptions.yaml";

const schema = (today: Date) => {
    const text = z.string().min(1);
    const entry = z.strictObject({
        ...{ stack: text, code: z.string().refine(isAcceptable, CODE), resource: text, property: text.optional() },
        reason: z.string().trim().min(LEAST_REASON),
        until: day.refine((one) => daysUntil(one, today) <= MOST_DAYS, `must be within ${MOST_DAYS} days`),
    });
    // Nothing after the key, as in the file without entries, is an empty list.
    return z.strictObject({ accepted: z.array(entry).nullable() });
};

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
    const read = schema(today).safeParse(value);
    if (read.success) return read.data.accepted ?? [];
    throw new UsageError(
        read.error.issues.map(({ path, message }) => `${FILE}: ${path.join(".") || "the file"}: ${message}.`),
    );
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
        .filter(({ code, evidence }) => isAcceptable(code) && evidence.length > 0)
        .map(({ code, evidence: [{ resource, property }] }) => {
            const place = property === undefined ? "" : `, property: ${JSON.stringify(property)}`;
            return `  - { stack: ${JSON.stringify(stack)}, code: ${code}, resource: ${JSON.stringify(resource)}${place}, until: ${until}, reason: "…" }`;
        });
    return [...new Set(lines)];
}
