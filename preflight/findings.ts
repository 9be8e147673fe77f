/** Results of the preflight checks. */
export interface Findings {
    /** Problems. Each one stops the run. */
    problems: string[];
    /** Warnings. They do not stop the run. */
    warnings: string[];
}

export const NO_FINDINGS: Findings = { problems: [], warnings: [] };

/** Findings of a check that has no warnings. */
export async function onlyProblems(problems: Promise<string[]>): Promise<Findings> {
    return { problems: await problems, warnings: [] };
}
