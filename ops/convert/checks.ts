/** All problems that prevent a conversion, found before anything is changed. */
import { dirname } from "node:path";
import type { Context } from "../context";
import { formalProblems, heldByAnother, type Verdict } from "../cutover/checks";
import type { Direction } from "../cutover/phases";
import type { CutoverState } from "../cutover/read-state";
import { checkConfig, readSecrets } from "../stack/config-check";
import { formProblems, setPlace } from "./stack-edit";

/**
 * Problems that prevent a conversion from starting. A rollback to intra-a only requires
 * that no other conversion runs, because the operator may have no time to correct anything else.
 * @param ours lock holder name of this process
 */
export async function verdictOf(
    context: Context,
    found: CutoverState,
    direction: Direction,
    ours?: string,
): Promise<Verdict> {
    const holders = heldByAnother(found, ours, new Date());
    const form = formProblems(found.stack.text);
    if (direction === "back")
        return { problems: holders, notes: await formalProblems(context, found, direction, form) };
    const problems = [...(form.length > 0 ? form : await configProblems(context, found)), ...holders];
    return { problems: await formalProblems(context, found, direction, problems), notes: [] };
}

/** Problems that the config would have in the first phase of a conversion. */
async function configProblems(context: Context, { stack }: CutoverState): Promise<string[]> {
    const text = setPlace(stack.text, "prepare");
    return checkConfig(text, await readSecrets(context, stack), dirname(stack.file), stack.callers?.text).problems;
}
