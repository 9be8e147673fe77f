/** All problems that prevent a conversion, found before anything is changed. */
import { dirname } from "node:path";
import type { Context } from "../context";
import { formalProblems, heldByAnother, type Verdict } from "../cutover/checks";
import type { Direction } from "../cutover/phases";
import type { CutoverState } from "../cutover/read-state";
import { checkConfig, readSecrets } from "../stack/config-check";
import { readValue } from "../stack/stack-file";
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
    const closed = closedProblems(found.stack.text);
    if (direction === "back")
        return { problems: [...holders, ...closed], notes: await formalProblems(context, found, direction, form) };
    const problems = [...(form.length > 0 ? form : await configProblems(context, found)), ...holders, ...closed];
    return { problems: await formalProblems(context, found, direction, problems), notes: [] };
}

/** A conversion opens the callers' route itself, and verifies that callers are served. */
function closedProblems(text: string): string[] {
    if (readValue(text, "gateway", "closed", "enabled") !== true) return [];
    return [
        "gateway.closed: must not be enabled when a conversion begins, which itself closes the gateway and verifies that callers are served. Remove gateway.closed, and run: pulumi up",
    ];
}

/** Problems that the config would have in the first phase of a conversion. */
async function configProblems(context: Context, { stack }: CutoverState): Promise<string[]> {
    const text = setPlace(stack.text, "prepare");
    return checkConfig(text, await readSecrets(context, stack), dirname(stack.file), stack.callers?.text).problems;
}
