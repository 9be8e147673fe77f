/** The differences between the two kinds of cutover: a conversion, and an upgrade of the model. */
import type { Outputs, Stack } from "../stack/stack";
import type { Conversion } from "./audit";
import type { CutoverCommand } from "./lock";
import type { Expected } from "./clock";
import type { Before, Place, Step, StepDescription } from "./phases";
import type { Seen } from "./state";

export interface Kind {
    command: CutoverCommand;
    /** Name of this kind in a sentence. */
    noun: string;
    /** Folder of the records of this kind, below `.alpa-auth`. */
    folder: "convert" | "model-upgrade";
    /** Place before the first phase. */
    before: Before;
    /** Target that serves callers afterwards. */
    target: "intra-b" | "new";
    /** Outcome of a successful cutover. */
    reached: "converted" | "upgraded";
    /** Names of the services before and after it. */
    old: string;
    new: string;
    describe(step: Step): StepDescription;
    /** Advice for a step of a return that has failed twice. */
    byHand(step: Step): string;
    /** Consequence of a `done` that has failed twice. */
    withoutDone: string;
    /** Returns the place of a stack. @param records records of the stack, oldest first */
    seen(stack: Pick<Stack, "text">, outputs: Outputs, records: Conversion[]): Seen;
    /** Default seconds of each step without a measured time. @param answerSeconds longest time for one answer */
    defaults(answerSeconds: number): Expected;
    /** Measured times that the stack file has. */
    kept(text: string): Expected;
    /** Sum of the program's own timeouts in a step of a return, in seconds. */
    patience(text: string, answerSeconds: number): number;
    /** Whether a stack file has nothing of the cutover yet. */
    isBefore(text: string): boolean;
    /** The stack file without the values that the cutover changes, to detect other edits. */
    restOf(text: string): string;
    /** The stack file with a phase set. @param holder name of the lock holder */
    edit(text: string, to: Place, holder: string, records: () => Conversion[]): string;
    /** The stack file after a return, without the cutover's values. */
    leave(text: string): string;
    /**
     * Whether the new service must give the same answers as the old one. If not, it must give the same answer to each
     * question twice.
     */
    sameAnswers: boolean;
}
