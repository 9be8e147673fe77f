/** Reads how far a stack is converted. */
import type { Context } from "../context";
import { UsageError } from "../errors";
import { cutoverState, outputsOf, type CutoverState } from "../cutover/read-state";
import { findStack } from "../stack/stack";
import { readValue } from "../stack/stack-file";
import { CONVERSION } from "./kind";

/** @throws UsageError if the stack cannot be converted */
export async function readState(context: Context, name: string | undefined): Promise<CutoverState> {
    const stack = await findStack(context, name);
    const option = readValue(stack.text, "option");
    if (option !== "intra-a" && option !== "intra-b")
        throw new UsageError([
            `--stack: must have option intra-a or intra-b, which are the options that a conversion can change (${stack.short} has option ${String(option)}). Name another stack.`,
        ]);
    return cutoverState(context, CONVERSION, stack, await outputsOf(context, stack));
}
