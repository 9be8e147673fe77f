import type { Resource } from "../resources/resource";
import type { Facts } from "./facts";

/** A violation in the form `where: what must hold (actual value). What to do.` It never contains a secret. */
export type Message = string;

/** A violation that concerns several resources. */
export interface StackMessage {
    urn: string;
    message: Message;
}

/** A rule that the policy pack checks in every stack. */
export interface Rule {
    /** Exceptions, reviews and reports refer to the rule by this name, so it never changes. */
    name: string;
    /** The rule in one sentence. */
    title: string;
    /** The consequence of a violation. */
    reason: string;
    /** Violations of one resource. */
    check?: (resource: Resource, facts: Facts) => Message[];
    /** Violations that concern several resources, checked when all are known. */
    checkStack?: (resources: Resource[], facts: Facts) => StackMessage[];
}

/** The message of a violation, if there is one. */
export const when = (isViolated: boolean, message: Message): Message[] => (isViolated ? [message] : []);
