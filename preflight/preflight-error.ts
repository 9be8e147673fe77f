import { ProblemList } from "../config/problem-list";

/** Findings of the preflight checks. Thrown before the first resource, in preview too. */
export class PreflightError extends ProblemList {}
