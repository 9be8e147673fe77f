/** Problems that prevent any kind of cutover, found before anything is changed. */
import { basename } from "node:path";
import type { Context } from "../context";
import { obstacles } from "../stack/edit-obstacles";
import { errorsIn } from "./apply";
import { duration, needed, neededBack, remainingForward, TURN_SECONDS, wholeReturn, type Budget } from "./clock";
import { committed } from "./identity";
import type { Direction } from "./phases";
import type { CutoverState } from "./read-state";

export interface Verdict {
    /** Problems that prevent the cutover from starting. */
    problems: string[];
    /** Warnings. They do not prevent the cutover. */
    notes: string[];
}

/**
 * Finds the problems that do not depend on the conversion's own settings.
 * @param others problems that were found before
 * @returns these problems and the new ones
 */
export async function formalProblems(
    context: Context,
    { kind, stack, budget }: CutoverState,
    direction: Direction,
    others: string[],
): Promise<string[]> {
    const problems = [...others, ...budgetProblems(budget, direction)];
    const against = await obstacles(context, stack);
    problems.push(...against);
    const last = await committed(stack);
    if (against.length === 0 && last !== undefined && kind.restOf(last) !== kind.restOf(stack.text))
        problems.push(
            `${basename(stack.file)}: has uncommitted changes other than those of ${kind.nounWithArticle}, perhaps to its callers. Commit the file.`,
        );
    if (problems.length === 0) problems.push(...(await unapplied(context, stack)));
    return problems;
}

/** @param direction `back` if the cutover is only rolled back to the old service */
export function budgetProblems({ seconds, expected }: Budget, direction: Direction): string[] {
    const isBack = direction === "back";
    const all = isBack ? neededBack(expected) : needed(expected);
    if (all <= seconds) return [];
    const minutes = Math.ceil(all / 60);
    const sum = isBack
        ? `${duration(all)} back`
        : `${duration(remainingForward("prepare", expected))} forward, ${duration(TURN_SECONDS)} to interrupt a failed step, and ${duration(wholeReturn(expected))} back`;
    return [
        `convert.budgetMinutes: must be at least ${minutes}, for the expected or measured times: ${sum} (got ${seconds / 60}). Run: pulumi config set --path convert.budgetMinutes ${minutes}`,
    ];
}

/** @param ours lock holder name of this process; undefined if it does not hold the lock yet */
export function heldByAnother(
    { kind, holder, stack }: Pick<CutoverState, "kind" | "holder" | "stack">,
    ours: string | undefined,
    now: Date,
): string[] {
    if (holder === undefined || holder.name === ours || !(Date.parse(holder.until) > now.getTime())) return [];
    return [
        `${kind.noun}: another process already runs the ${kind.noun} (lock holder in the cluster: ${holder.name}, until ${holder.until}). Wait until it ends. If its machine is gone: npm run ops -- ${kind.command} run --yes --take-over --stack ${stack.short}`,
    ];
}

/** Checks for unapplied changes, which the first phase would apply too. */
async function unapplied({ pulumi }: Context, stack: CutoverState["stack"]): Promise<string[]> {
    const args = ["preview", "--expect-no-changes", "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await pulumi(args);
    if (code === 0) return [];
    const said = errorsIn(stdout + stderr);
    return [
        /no changes were expected|changes were expected/i.test(said)
            ? `${stack.short}: has unapplied changes, which each phase would apply too. Run: pulumi up -s ${stack.short}`
            : `${stack.short}: pulumi preview failed (${said}). Correct the errors.`,
    ];
}
