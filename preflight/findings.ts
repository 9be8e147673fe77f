import { ProblemList } from "../config/problem-list";

/** Finding of a preflight check. */
export interface Finding {
    text: string;
    /** Whether the finding stops the run. Otherwise it is a warning. */
    stops: boolean;
}

export const problem = (text: string): Finding => ({ text, stops: true });
export const warning = (text: string): Finding => ({ text, stops: false });

/** Problems that the preflight checks found. Thrown before the first resource, in preview too. */
export class PreflightError extends ProblemList {}

/** Returns the warnings. @throws PreflightError with every problem @param subject what was checked */
export function warningsOf(subject: string, findings: Finding[]): string[] {
    const problems = findings.filter(({ stops }) => stops);
    if (problems.length > 0)
        throw new PreflightError(
            subject,
            problems.map(({ text }) => text),
        );
    return findings.map(({ text }) => text);
}
