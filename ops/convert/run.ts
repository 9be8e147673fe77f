import { withChange, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { carryOut, type Task } from "../cutover/commands/carry-out";
import { report, unhappy, type Ended } from "../cutover/commands/report";
import { duration } from "../cutover/clock";
import type { CutoverState } from "../cutover/read-state";
import { Failure, UsageError } from "../errors";
import { json } from "../output";
import { findStack } from "../stack/stack";
import { verdictOf, type Target } from "./checks";
import { CONVERSION } from "./kind";
import { showPlan, targetOf, targetOption } from "./plan";
import { readState } from "./read-state";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("run"), "convert, or continue a conversion"),
        "convert run --stack intra",
        "convert run --stack intra --to intra-a --yes",
    )
        .description("Convert, or continue a conversion; returns to intra-a when a step fails or time runs out")
        .addOption(targetOption("target option (default: intra-b, or that of the running conversion)"))
        .option(
            "--take-over",
            "continue a conversion that another machine has begun, if that machine is gone (default: fail)",
        )
        .action((args) => (args.yes ? run(context, args) : showRun(context, args)));

export interface RunArgs extends Pick<ChangeArgs, "stack" | "json"> {
    to?: Target;
    takeOver?: boolean;
}

/** Shows the steps of a run. @throws UsageError with the problems of the run */
async function showRun(context: Context, args: RunArgs): Promise<void> {
    const { run, problems } = await showPlan(context, { ...args, to: args.to ?? "intra-b" });
    if (problems.length > 0) throw new UsageError(problems);
    if (run !== undefined) dryRun(context, "carry out these steps", args);
}

/** Converts a stack, or continues a conversion; returns to intra-a by itself when a step fails or time runs out. */
async function run(context: Context, args: RunArgs): Promise<void> {
    const result = await convert(context, args);
    if (result === undefined) return;
    const wanted = result.to === "intra-b" ? "converted" : "returned";
    if (result.outcome !== wanted) throw new Failure(unhappy(CONVERSION, result));
}

/** @param onlyUnderWay whether to continue only a conversion in progress, and never to start one */
export async function convert(context: Context, args: RunArgs, onlyUnderWay = false): Promise<Ended | undefined> {
    const stack = await findStack(context, args.stack);
    const ended = await carryOut(context, CONVERSION, stack, () => decide(context, args, onlyUnderWay));
    if (ended === undefined) return undefined;
    const down = `Callers got 503 for ${duration(ended.downSeconds)}.`;
    await report(context, args, ended, {
        converted: `Done: ${ended.stack} has option intra-b. ${down}`,
        returned: `Returned: ${ended.stack} has option intra-a and serves callers. ${down}`,
    });
    return ended;
}

/** @returns undefined if there is nothing to do */
async function decide(context: Context, args: RunArgs, onlyUnderWay: boolean): Promise<Task | undefined> {
    const found = await readState(context, args.stack);
    const { reached, direction, why } = found.progress;
    const to = targetOf(found, args.to ?? "intra-b");
    const nothing = onlyUnderWay ? reached !== "prepare" : reached === (to === "intra-b" ? "done" : "intra-a");
    if (direction === undefined && nothing) {
        sayNothingToDo(context, args, found, to);
        return undefined;
    }
    if (direction !== undefined && to === "intra-a" && args.to === "intra-b")
        throw new UsageError([
            `--to: must be intra-a while the conversion returns (${why ?? "an operator requested it"}). Run: npm run ops -- convert run --yes, and convert again afterwards.`,
        ]);
    return {
        found,
        to,
        takeOver: args.takeOver,
        forced: direction === "forward" && args.to === "intra-a",
        verdict: (holder) => verdictOf(context, found, to, holder),
    };
}

function sayNothingToDo(context: Context, args: RunArgs, { stack: { short }, progress }: CutoverState, to: Target) {
    const { reached } = progress;
    if (args.json)
        return context.out(json({ stack: short, to, outcome: "none", place: reached, downSeconds: 0, record: null }));
    const [option, hint] =
        reached === "done" ? ["intra-b", " To return: npm run ops -- convert run --yes --to intra-a"] : ["intra-a", ""];
    context.out(`${short} has option ${option}, and no conversion is under way.${hint}`);
}
