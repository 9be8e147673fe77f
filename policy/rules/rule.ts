import type { Resource } from "../resources/resource";
import type { Tree } from "../resources/values";

/** A violation in the form `where: what must hold (actual value). What to do.` It never contains a secret. */
type Message = string;

/** A rule for every stack. */
export interface Rule {
    /** Used in exceptions, reviews and reports, so it never changes. */
    name: string;
    /** The rule in one sentence. */
    title: string;
    /** The consequence of a violation. */
    reason: string;
    /** What it does not compare, in one sentence. @default nothing worth a sentence */
    leavesOut?: string;
    /**
     * Whether it compares with what the program of its own commit renders. In a rollback to another commit, the policy pack of
     * that commit checks it. @default false
     */
    comparesWithProgram?: true;
    /** A resource that violates it; a test shows that it does. */
    example: { type: string; inputs: Tree; inside?: string };
    /** Violations of one resource. */
    check?: (resource: Resource) => Message[];
    /** Violations that concern several resources, checked when all are known. */
    checkStack?: (resources: Resource[]) => { urn: string; message: Message }[];
}
