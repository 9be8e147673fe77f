/** What differs between the kinds of cutover: a conversion, and an upgrade of the model. */
import type { Outputs, Stack } from "../stack/stack";
import type { Conversion } from "./audit";
import type { CutoverCommand } from "./lock";
import type { Expected } from "./clock";
import type { Before, Place, Step, StepDescription } from "./phases";
import type { Seen } from "./state";

export interface Kind {
    command: CutoverCommand;
    /** What it is called in a sentence. */
    noun: string;
    /** Folder of its records, below `.alpa-auth`. */
    folder: "convert" | "model-upgrade";
    /** Place before the first phase. */
    before: Before;
    /** What callers get answers from after it. */
    target: "intra-b" | "new";
    /** How it ends when all went well. */
    reached: "converted" | "upgraded";
    /** What serves callers before it, and after it. */
    old: string;
    new: string;
    describe(step: Step): StepDescription;
    /** What a human does about a step of the way back that has failed twice. */
    byHand(step: Step): string;
    /** What a `done` that has failed twice leaves open. */
    withoutDone: string;
    /** Where a stack is. @param records those of the stack, oldest first */
    seen(stack: Pick<Stack, "text">, outputs: Outputs, records: Conversion[]): Seen;
    /** Seconds for each step that was never measured. @param answerSeconds longest time for one answer */
    defaults(answerSeconds: number): Expected;
    /** What the stack file keeps of earlier times. */
    kept(text: string): Expected;
    /** Longest time that the program itself waits in a step of the way back, in seconds. */
    patience(text: string, answerSeconds: number): number;
    /** Whether a stack file says nothing of it yet. */
    isBefore(text: string): boolean;
    /** What a stack file says without that which this changes: two of the same text are one stack. */
    restOf(text: string): string;
    /** The stack file in a place. @param holder name of the process that takes it there */
    edit(text: string, to: Place, holder: string, records: () => Conversion[]): string;
    /** The stack file after a return, with nothing left of it. */
    leave(text: string): string;
    /**
     * Whether what replaces the old one must answer as that one did. Otherwise it must answer each question, twice the
     * same.
     */
    sameAnswers: boolean;
}
