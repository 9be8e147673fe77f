/** All problems that prevent a conversion, found before anything is changed. */
import { basename, dirname } from "node:path";
import type { Context } from "../context";
import { checkConfig, readSecrets } from "../stack/config-check";
import { obstacles } from "../stack/edit-obstacles";
import { errorsIn } from "./runner/apply";
import { duration, needed, neededBack, remainingForward, TURN_SECONDS, wholeReturn, type Budget } from "./clock";
import { committed } from "./identity";
import type { Direction } from "./phases";
import type { FoundConversion } from "./read-state";
import { readValue } from "../stack/stack-file";
import { formProblems, restOf, setPlace } from "./stack-edit";

export interface Verdict {
    /** Problems that prevent the conversion from starting. */
    problems: string[];
    /** Warnings. They do not prevent the conversion. */
    notes: string[];
}

/**
 * Problems that prevent a conversion from starting. A rollback to intra-a only requires
 * that no other conversion runs, because the operator may have no time to correct anything else.
 * @param ours lock holder name of this process
 */
export async function verdictOf(
    context: Context,
    found: FoundConversion,
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
async function configProblems(context: Context, { stack }: FoundConversion): Promise<string[]> {
    const text = setPlace(stack.text, "prepare");
    return checkConfig(text, await readSecrets(context, stack), dirname(stack.file), stack.callers?.text).problems;
}

/**
 * Finds the problems that do not depend on the conversion's own settings.
 * @param others problems that were found before
 * @returns these problems and the new ones
 */
async function formalProblems(
    context: Context,
    { stack, budget }: FoundConversion,
    direction: Direction,
    others: string[],
): Promise<string[]> {
    const problems = [...others, ...budgetProblems(budget, direction)];
    const against = await obstacles(context, stack);
    problems.push(...against);
    const last = await committed(stack);
    if (against.length === 0 && last !== undefined && restOf(last) !== restOf(stack.text))
        problems.push(
            `${basename(stack.file)}: has uncommitted changes other than those of a conversion, perhaps to its callers. Commit the file.`,
        );
    if (problems.length === 0) problems.push(...(await unapplied(context, stack)));
    return problems;
}

/** @param direction `back` if the conversion is only rolled back to bare metal */
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
    { holder, stack }: Pick<FoundConversion, "holder" | "stack">,
    ours: string | undefined,
    now: Date,
): string[] {
    if (holder === undefined || holder.name === ours || !(Date.parse(holder.until) > now.getTime())) return [];
    return [
        `conversion: another process already runs the conversion (lock holder in the cluster: ${holder.name}, until ${holder.until}). Wait until it ends. If its machine is gone: npm run ops -- convert run --yes --take-over --stack ${stack.short}`,
    ];
}

/** Checks for unapplied changes, which the first phase would apply too. */
async function unapplied({ pulumi }: Context, stack: FoundConversion["stack"]): Promise<string[]> {
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
