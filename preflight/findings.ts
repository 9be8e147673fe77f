/** What checks have found before the first resource. */
export interface Findings {
    /** Each stops the run. */
    problems: string[];
    /** What an operator should know before the run goes on. */
    warnings: string[];
}

export const NO_FINDINGS: Findings = { problems: [], warnings: [] };

/** Findings of a check that has no warnings. */
export async function onlyProblems(problems: Promise<string[]>): Promise<Findings> {
    return { problems: await problems, warnings: [] };
}
