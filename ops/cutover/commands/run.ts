/** Starts or continues a cutover, or shows its steps. */
import { dryRun } from "../../consent";
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { json } from "../../output";
import { findStack } from "../../stack/stack";
import type { Target } from "../phases";
import type { CutoverState } from "../read-state";
import { carryOut, type CutoverSource, type Task } from "./carry-out";
import { showPlan, targetOf } from "./plan";
import { noteOtherPhase, report, unhappy, type Ended } from "./report";

/** Options of the verbs of a cutover. */
export interface CutoverArgs {
    stack?: string;
    yes?: boolean;
    json?: boolean;
    takeOver?: boolean;
    /** Target of the cutover. Default: the target of the cutover in progress; if there is none, the new service. */
    to?: Target;
}

/** Carries the cutover out with --yes, else shows its steps. @throws Failure if the cutover does not reach its target */
export async function run(context: Context, args: CutoverArgs, source: CutoverSource): Promise<void> {
    const { kind } = source;
    if (!args.yes) return showRun(context, args, source);
    const ended = await runCutover(context, args, source);
    if (ended === undefined) return;
    if (ended.outcome !== (ended.to === kind.target ? "converted" : "returned"))
        throw new Failure(unhappy(kind, ended));
}

/** Shows the steps of a run. @throws UsageError with the problems of the run */
async function showRun(context: Context, args: CutoverArgs, source: CutoverSource): Promise<void> {
    const { next, problems } = await showPlan(context, { ...args, to: args.to ?? source.kind.target }, source);
    if (problems.length > 0) throw new UsageError(problems);
    if (next !== undefined) dryRun(context, "carry out these steps", args);
}

interface Limits {
    /** Whether the command may only continue a cutover in progress, and not start one. */
    onlyUnderWay?: boolean;
}

/** Carries a cutover out and reports its end. The cutover rolls back by itself when a step fails or time runs out. */
export async function runCutover(
    context: Context,
    args: CutoverArgs,
    source: CutoverSource,
    limits: Limits = {},
): Promise<Ended | undefined> {
    const stack = await findStack(context, args.stack);
    const ended = await carryOut(context, source.kind, stack, () => decide(context, args, source, limits));
    if (ended !== undefined) await report(context, args, source.kind, ended);
    return ended;
}

/** @returns undefined if there is nothing to do */
async function decide(
    context: Context,
    args: CutoverArgs,
    { kind, read }: CutoverSource,
    { onlyUnderWay = false }: Limits,
): Promise<Task | undefined> {
    const cutover = await read();
    const { found } = cutover;
    const { reached, direction } = found.progress;
    const to = targetOf(found, args.to ?? kind.target);
    const end = to === kind.target ? "done" : kind.before;
    if (direction === undefined && (onlyUnderWay ? reached !== "prepare" : reached === end)) {
        sayNothingToDo(context, args, found, to);
        return undefined;
    }
    const problems = direction === undefined ? [] : unreachable(found, args);
    if (problems.length > 0) throw new UsageError(problems);
    return { ...cutover, to, takeOver: args.takeOver, forced: direction === "forward" && args.to === kind.before };
}

/** While a cutover is rolled back to the old service, the target cannot be the new service. The rollback must end first. */
function unreachable({ kind, stack, progress: { direction, why } }: CutoverState, { to }: CutoverArgs): string[] {
    if (direction !== "back" || to !== kind.target) return [];
    return [
        `--to: must be ${kind.before} while the ${kind.noun} is rolled back (${why ?? "an operator requested it"}). First finish the rollback: npm run ops -- ${kind.command} run --yes --stack ${stack.short}`,
    ];
}

function sayNothingToDo(context: Context, args: CutoverArgs, found: CutoverState, to: Target): void {
    const { kind, stack, progress } = found;
    const { reached } = progress;
    noteOtherPhase(context, found);
    if (!args.json) return context.out(kind.nothingToDo(stack.short, reached));
    context.out(json({ stack: stack.short, to, outcome: "none", place: reached, downSeconds: 0, record: null }));
}
