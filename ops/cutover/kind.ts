/** The differences between the two kinds of cutover: a conversion, and an upgrade of the model. */
import type { Outputs, Stack } from "../stack/stack";
import type { Conversion } from "./audit";
import type { Expected } from "./clock";
import type { Before, Direction, Place, Step, StepDescription, Target } from "./phases";
import type { Seen } from "./state";

export interface Kind {
    command: "convert";
    /** Name of this kind in a sentence. */
    noun: string;
    /** The noun with its article: `a conversion`. */
    nounWithArticle: string;
    /** Folder of the records of this kind, below `.alpa-auth`. */
    folder: "convert";
    /** State of the stack before the first phase: `intra-a` for a conversion, `old` for a model upgrade. */
    before: Before;
    /** Option or version that serves the callers after the cutover: `intra-b` or `new`. */
    target: Exclude<Target, Before>;
    /** Names of the services before and after a cutover. */
    old: string;
    new: string;
    /** End of a sentence about the stack after a cutover in each direction, for example `has option intra-b`. */
    has: Record<Direction, string>;
    /** The command that a plan tells the operator to run next. @param to target of a new cutover; unset to continue one */
    next(stack: string, to?: Target): string;
    /** Text of `run` if there is nothing to do. */
    nothingToDo(stack: string, reached: Place): string;
    /** Text of `status` if no cutover is in progress. */
    settled(stack: string, reached: Place): string[];
    describe(step: Step): StepDescription;
    /** Advice for a step of a rollback that has failed twice. */
    byHand(step: Step): string;
    /** Consequence if step `done` has failed twice. */
    withoutDone: string;
    /** Returns how far a stack is in a cutover. @param records records of the stack, oldest first */
    seen(stack: Pick<Stack, "text">, outputs: Outputs, records: Conversion[]): Seen;
    /** Default seconds of each step without a measured time. @param answerSeconds longest time for one answer */
    defaults(answerSeconds: number): Expected;
    /** Times that the stack keeps after the last step. */
    toKeep(records: Conversion[]): Expected;
    /** How long one step back to the old service may take: the sum of the program's timeouts in it, in seconds. */
    patience(text: string, answerSeconds: number): number;
    /** Whether a stack file contains no values of the cutover yet. */
    isBefore(text: string): boolean;
    /** The stack file without the values that the cutover changes, to detect other edits. */
    restOf(text: string): string;
    /** The stack file with a phase set. */
    edit(text: string, to: Place): string;
    /** Whether the step that ends in this phase releases the lock. */
    releases(to: Place): boolean;
}
