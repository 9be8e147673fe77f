/** All problems that prevent an upgrade of the model, found before anything is changed. */
import { dirname } from "node:path";
import type { Context } from "../../context";
import { formalProblems, heldByAnother, type Verdict } from "../../cutover/checks";
import type { Direction } from "../../cutover/phases";
import { checkConfig, readSecrets } from "../../stack/config-check";
import { askedChange } from "./change";
import type { UpgradeState } from "./read-state";
import { setPlace } from "./stack-edit";

/**
 * Finds the problems that prevent an upgrade from starting. A rollback to the old version only requires that no other upgrade
 * runs.
 * @param ours lock holder name of this process
 */
export async function verdictOf(
    context: Context,
    found: UpgradeState,
    direction: Direction,
    ours?: string,
): Promise<Verdict> {
    const holders = heldByAnother(found, ours, new Date());
    if (direction === "back") return { problems: holders, notes: await formalProblems(context, found, direction, []) };
    const own = [...found.problems];
    if (own.length === 0 && Object.keys(found.change.new).length === 0)
        own.push(...askedChange({}, found.stack.text).problems);
    const config = own.length === 0 ? await configProblems(context, found) : [];
    const problems = [...own, ...config, ...holders];
    return { problems: await formalProblems(context, found, direction, problems), notes: [] };
}

/** Problems of the config with the first phase set. */
async function configProblems(context: Context, { stack, change }: UpgradeState): Promise<string[]> {
    const text = setPlace(stack.text, "prepare", change);
    return checkConfig(text, await readSecrets(context, stack), dirname(stack.file), stack.callers?.text).problems;
}
