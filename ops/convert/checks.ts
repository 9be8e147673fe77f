/** All that stands against a conversion, before anything is changed. */
import { basename, dirname } from "node:path";
import type { Context } from "../context";
import { checkConfig, readSecrets } from "../stack/config-check";
import { obstacles } from "../stack/edit-obstacles";
import { errorsIn } from "./apply";
import { duration, needed, neededBack, remainingForward, TURN_SECONDS, wholeReturn, type Budget } from "./clock";
import { committed, type ConversionState } from "./read-state";
import { restOf, setPlace } from "./stack-edit";

export type Target = "intra-a" | "intra-b";

export interface Verdict {
    /** What it must not begin with. */
    problems: string[];
    /** What stands against it and does not keep it back. */
    notes: string[];
}

/**
 * What stands against a conversion that has not begun. Only another running conversion blocks a return to intra-a: an
 * operator who returns may have no time to fix anything else first.
 * @param ours the name under which it is to be done
 */
export async function verdictOf(context: Context, found: ConversionState, to: Target, ours?: string): Promise<Verdict> {
    const held = heldByAnother(found.holder, ours, new Date());
    const holders = held === undefined ? [] : [held];
    if (to === "intra-a") return { problems: holders, notes: await formalProblems(context, found, to, []) };
    const problems = [...(await configProblems(context, found)), ...holders];
    return { problems: await formalProblems(context, found, to, problems), notes: [] };
}

/** @param others already found @returns them all */
async function formalProblems(
    context: Context,
    found: ConversionState,
    to: Target,
    others: string[],
): Promise<string[]> {
    const { stack, budget } = found;
    const problems = [...others, ...budgetProblems(budget, to)];
    const against = await obstacles(context, stack);
    problems.push(...against);
    const last = await committed(stack);
    if (against.length === 0 && last !== undefined && restOf(last) !== restOf(stack.text))
        problems.push(
            `${basename(stack.file)}: must be committed but for what a conversion changes (it differs from HEAD, maybe by callers). Commit it.`,
        );
    if (problems.length === 0) problems.push(...(await unapplied(context, found)));
    return problems;
}

/** What the program would say of the first phase: it knows what the way there and the way back need. */
async function configProblems(context: Context, { stack }: ConversionState): Promise<string[]> {
    const text = setPlace(stack.text, "prepare", { name: "plan", until: "2000-01-01T00:00:00Z" });
    return checkConfig(text, await readSecrets(context, stack), dirname(stack.file), stack.callers?.text).problems;
}

export function budgetProblems({ seconds, expected }: Budget, to: Target): string[] {
    const all = to === "intra-b" ? needed(expected) : neededBack(expected);
    if (all <= seconds) return [];
    const minutes = Math.ceil(all / 60);
    const sum =
        to === "intra-b"
            ? `${duration(remainingForward("intra-a", expected))} there, ${duration(TURN_SECONDS)} to turn round and ${duration(wholeReturn(expected))} back`
            : `${duration(all)} back`;
    return [
        `convert.budgetMinutes: must be at least ${minutes}, for ${sum} as expected or measured (got ${seconds / 60}). Run: pulumi config set --path convert.budgetMinutes ${minutes}`,
    ];
}

/** @param ours the name under which we are at work; undefined: not yet */
export function heldByAnother(
    holder: { name: string; until: string } | undefined,
    ours: string | undefined,
    now: Date,
): string | undefined {
    if (holder === undefined || holder.name === ours || !(Date.parse(holder.until) > now.getTime())) return undefined;
    return `conversion: another process runs it (the cluster says ${holder.name}, until ${holder.until}). Wait, or if that machine is gone: npm run ops -- convert run --yes --take-over`;
}

/** What was changed and not applied would go along with the first phase. */
async function unapplied({ pulumi }: Context, { stack }: ConversionState): Promise<string[]> {
    const args = ["preview", "--expect-no-changes", "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await pulumi(args);
    if (code === 0) return [];
    const said = errorsIn(stdout + stderr);
    return [
        /no changes were expected|changes were expected/i.test(said)
            ? `${stack.short}: must be as its file says, so that a phase changes nothing else (pulumi preview shows changes). Run: pulumi up -s ${stack.short}`
            : `${stack.short}: pulumi preview must succeed (${said}). Correct what it names.`,
    ];
}
