/** `convert run`: starts or continues a conversion, or shows its steps. */
import { withChange, withExamples, type AddCommand } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { json } from "../output";
import { findStack } from "../stack/stack";
import { BEFORE, TARGET, type Place, type Target } from "./phases";
import { readState, type FoundConversion } from "./read-state";
import { carryOut, type Task } from "./carry-out";
import { showPlan, targetOf, targetOption } from "./plan";
import { noteOtherPhase, report, unhappy, type Ended } from "./report";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("run"), "convert, or continue a conversion"),
        "convert run --stack intra",
        "convert run --stack intra --to intra-a --yes",
    )
        .description("Convert, or continue a conversion; rolls back to intra-a when a step fails or time runs out")
        .addOption(targetOption("option to convert to (default: intra-b, or the target of the running conversion)"))
        .option(
            "--take-over",
            "continue a conversion that another machine has begun, if that machine is gone (default: fail)",
        )
        .action((args) => run(context, args));

/** Options of the commands that carry out a conversion. */
export interface ConvertArgs {
    stack?: string;
    yes?: boolean;
    json?: boolean;
    takeOver?: boolean;
    /** Target of the conversion. Default: the target of the conversion in progress; if there is none, intra-b. */
    to?: Target;
}

/** Carries the conversion out with --yes, else shows its steps. @throws Failure if the conversion does not reach its target */
async function run(context: Context, args: ConvertArgs): Promise<void> {
    if (!args.yes) return showRun(context, args);
    const ended = await runConversion(context, args);
    if (ended === undefined) return;
    if (ended.outcome !== (ended.to === TARGET ? "converted" : "returned")) throw new Failure(unhappy(ended));
}

/** Shows the steps of a run. @throws UsageError with the problems of the run */
async function showRun(context: Context, args: ConvertArgs): Promise<void> {
    const { next, problems } = await showPlan(context, { ...args, to: args.to ?? TARGET });
    if (problems.length > 0) throw new UsageError(problems);
    if (next !== undefined) dryRun(context, "carry out these steps", args);
}

interface Limits {
    /** Whether the command may only continue a conversion in progress, and not start one. */
    onlyUnderWay?: boolean;
}

/** Carries a conversion out and reports its end. The conversion rolls back by itself when a step fails or time runs out. */
export async function runConversion(
    context: Context,
    args: ConvertArgs,
    limits: Limits = {},
): Promise<Ended | undefined> {
    const stack = await findStack(context, args.stack);
    const ended = await carryOut(context, stack, () => decide(context, args, limits));
    if (ended !== undefined) await report(context, args, ended);
    return ended;
}

/** @returns undefined if there is nothing to do */
async function decide(
    context: Context,
    args: ConvertArgs,
    { onlyUnderWay = false }: Limits,
): Promise<Task | undefined> {
    const found = await readState(context, args.stack);
    const { reached, direction } = found.progress;
    const to = targetOf(found, args.to ?? TARGET);
    const end = to === TARGET ? "done" : BEFORE;
    if (direction === undefined && (onlyUnderWay ? reached !== "prepare" : reached === end)) {
        sayNothingToDo(context, args, found, to);
        return undefined;
    }
    const problems = direction === undefined ? [] : unreachable(found, args);
    if (problems.length > 0) throw new UsageError(problems);
    return { found, to, takeOver: args.takeOver, forced: direction === "forward" && args.to === BEFORE };
}

/** While a conversion is rolled back to bare metal, the target cannot be intra-b. The rollback must end first. */
function unreachable({ stack, progress: { direction, why } }: FoundConversion, { to }: ConvertArgs): string[] {
    if (direction !== "back" || to !== TARGET) return [];
    return [
        `--to: must be ${BEFORE} while the conversion is rolled back (${why ?? "an operator requested it"}). First finish the rollback: npm run ops -- convert run --yes --stack ${stack.short}`,
    ];
}

function sayNothingToDo(context: Context, args: ConvertArgs, found: FoundConversion, to: Target): void {
    const { stack, progress } = found;
    const { reached } = progress;
    noteOtherPhase(context, found);
    if (!args.json) return context.out(nothingToDo(stack.short, reached));
    context.out(json({ stack: stack.short, to, outcome: "none", place: reached, downSeconds: 0, record: null }));
}

function nothingToDo(stack: string, reached: Place): string {
    return reached === "done"
        ? `${stack} has option ${TARGET}, and no conversion is under way. To convert it back: npm run ops -- convert run --yes --to ${BEFORE} --stack ${stack}`
        : `${stack} has option ${BEFORE}, and no conversion is under way.`;
}
