import type { Resource } from "../resources/resource";
import type { Facts } from "./facts";

/**
 * A violation in the form `where: what must hold (actual value). What to do.` It never contains a secret. A message is skipped
 * while the value at its place, or a part of it, is not known before the run.
 */
export type Message = string;

/** A rule that the policy pack checks in every stack. */
export interface Rule {
    /** Exceptions, reviews and reports refer to the rule by this name, so it never changes. */
    name: string;
    /** The rule in one sentence. */
    title: string;
    /** The consequence of a violation. */
    reason: string;
    /** Violations of one resource. */
    check?: (resource: Resource, facts: Facts) => Iterable<Message>;
    /** Returns a check that compares a resource with the others. It runs when all resources are known. */
    checkStack?: (resources: Resource[], facts: Facts) => (resource: Resource) => Iterable<Message>;
}
