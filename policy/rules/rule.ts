import type { Resource } from "../resources/resource";
import type { Tree } from "../resources/values";

/** A violation in the form `where: what must hold (actual value). What to do.` It never contains a secret. */
type Message = string;

/** A rule that the policy pack checks in every stack. */
export interface Rule {
    /** Exceptions, reviews and reports refer to the rule by this name, so it never changes. */
    name: string;
    /** The rule in one sentence. */
    title: string;
    /** The consequence of a violation. */
    reason: string;
    /** What the rule does not compare, in one sentence. @default the rule compares everything that its title names */
    leavesOut?: string;
    /**
     * Whether the rule compares resources with what the program of this commit renders. A program of another commit, for
     * example in a rollback, is compared by the policy pack of that commit. @default false
     */
    comparesWithProgram?: true;
    /** A resource that violates the rule; a test checks that the rule reports it. */
    example: { type: string; inputs: Tree; inside?: string };
    /** Violations of one resource. */
    check?: (resource: Resource) => Message[];
    /** Violations that concern several resources, checked when all are known. */
    checkStack?: (resources: Resource[]) => { urn: string; message: Message }[];
}
