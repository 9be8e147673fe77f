import { withChange, withExamples, type AddCommand, type ChangeArgs } from "../../arguments";
import { dryRun } from "../../consent";
import type { Context } from "../../context";
import { carryOut, type Task } from "../../cutover/commands/carry-out";
import { report, unhappy, type Ended } from "../../cutover/commands/report";
import { duration } from "../../cutover/clock";
import { Failure, UsageError } from "../../errors";
import { json } from "../../output";
import { findStack } from "../../stack/stack";
import { withVersion, type VersionArgs } from "./change";
import { verdictOf } from "./checks";
import { UPGRADE, upgradeOf } from "./kind";
import { showPlan } from "./plan";
import { readState, type UpgradeState } from "./read-state";

export const command: AddCommand = (upgrade, context) =>
    withExamples(
        withVersion(withChange(upgrade.command("run"), "upgrade, or continue an upgrade")),
        "model upgrade run --stack intra --image registry.example.com/alpa-serving:1.1.0",
        "model upgrade run --stack intra --image registry.example.com/alpa-serving:1.1.0 --yes",
        "model upgrade run --stack intra --yes",
    )
        .description("Upgrade, or continue an upgrade; returns to the old version when a step fails or time runs out")
        .option(
            "--take-over",
            "continue an upgrade that another machine has begun, if that machine is gone (default: fail)",
        )
        .action((args) => (args.yes ? run(context, args) : showRun(context, args)));

interface RunArgs extends Pick<ChangeArgs, "stack" | "json">, VersionArgs {
    takeOver?: boolean;
}

/** Shows the steps of a run. @throws UsageError with the problems of the run */
async function showRun(context: Context, args: RunArgs): Promise<void> {
    const problems = await showPlan(context, args);
    if (problems.length > 0) throw new UsageError(problems);
    dryRun(context, "carry out these steps", args);
}

/** Upgrades the model, or continues an upgrade; returns by itself when a step fails or time runs out. */
async function run(context: Context, args: RunArgs): Promise<void> {
    const ended = await upgradeModel(context, args);
    if (ended === undefined) return;
    if (ended.outcome !== (ended.to === "new" ? "upgraded" : "returned")) throw new Failure(unhappy(WORDS, ended));
}

/** Texts for messages, which do not depend on the versions. */
export const WORDS = upgradeOf({ old: {}, new: {}, sameAnswers: true });

/** @param goBack whether only to return, and never to start an upgrade */
export async function upgradeModel(context: Context, args: RunArgs, goBack = false): Promise<Ended | undefined> {
    const stack = await findStack(context, args.stack);
    const ended = await carryOut(context, UPGRADE, stack, () => decide(context, args, goBack));
    if (ended === undefined) return undefined;
    const down = `Callers got 503 for ${duration(ended.downSeconds)}.`;
    await report(context, args, ended, {
        upgraded: `Done: ${ended.stack} runs the new version. ${down}`,
        returned: `Returned: ${ended.stack} runs the old version and serves callers. ${down}`,
    });
    return ended;
}

/** @returns undefined if there is nothing to do */
async function decide(context: Context, args: RunArgs, goBack: boolean): Promise<Task | undefined> {
    const found = await readState(context, args);
    const { reached, direction } = found.progress;
    if (direction === undefined && goBack && reached !== "prepare") {
        sayNothingToDo(context, args, found);
        return undefined;
    }
    if (direction !== undefined && found.problems.length > 0) throw new UsageError(found.problems);
    const isBack = direction === "back" || (direction === undefined && goBack);
    return {
        found,
        to: isBack ? "old" : "new",
        takeOver: args.takeOver,
        forced: direction === "forward" && goBack,
        verdict: (holder) => verdictOf(context, found, isBack, holder),
        begin: { change: found.change },
    };
}

function sayNothingToDo(context: Context, args: RunArgs, { stack: { short }, progress }: UpgradeState): void {
    const { reached } = progress;
    if (args.json)
        return context.out(
            json({ stack: short, to: "old", outcome: "none", place: reached, downSeconds: 0, record: null }),
        );
    context.out(`${short}: no upgrade of the model is under way.`);
}
