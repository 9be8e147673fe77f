import { withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { drawn, noticed, rowOf, timesOf } from "../../cutover/commands/steps";
import { forwardAnew, isDown, type Step } from "../../cutover/phases";
import { FindingsError } from "../../errors";
import { json } from "../../output";
import { describeChange, withVersion, type VersionArgs } from "./change";
import { verdictOf } from "./checks";
import { readState, type UpgradeState } from "./read-state";

export const command: AddCommand = (upgrade, context) =>
    withExamples(
        withVersion(withJson(withStack(upgrade.command("plan")))),
        "model upgrade plan --stack intra --image registry.example.com/alpa-serving:1.1.0",
        "model upgrade plan --stack intra --model alpa/opt-66b --weights-path /data/opt-66b --json",
    )
        .description(
            "Show the steps with their times, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .action((args) => plan(context, args));

export interface PlanArgs extends VersionArgs {
    stack?: string;
    json?: boolean;
}

/** Shows the plan and the problems that prevent it. Changes nothing. @throws FindingsError if there are problems */
async function plan(context: Context, args: PlanArgs): Promise<void> {
    const problems = await showPlan(context, args);
    if (problems.length > 0)
        throw new FindingsError(
            `${problems.length} problem(s) prevent the upgrade, nothing was changed:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
        );
    if (!args.json) context.out("\nNothing was changed. Next: the same command with run --yes instead of plan");
}

/** Prints the steps with their times. @returns the problems that prevent them */
export async function showPlan(context: Context, args: PlanArgs): Promise<string[]> {
    const found = await readState(context, args);
    const { progress, stack, change } = found;
    const underWay = progress.direction !== undefined;
    const { problems } = underWay ? found : await verdictOf(context, found, false);
    const steps = underWay ? progress.next : forwardAnew(progress.reached);
    const rows = steps.map((step) => rowOf(step, found));
    if (args.json) {
        const { reached } = progress;
        const { old, new: next, sameAnswers } = change;
        const plan = { stack: stack.short, reached, underWay, old, new: next, sameAnswers, steps: rows };
        context.out(json({ ...plan, ...timesOf(found, progress.direction === "back"), problems }));
        return problems;
    }
    for (const line of describeChange(change)) context.out(line);
    context.out(drawn(rows));
    for (const line of summary(found, steps)) context.out(line);
    return problems;
}

function summary(found: UpgradeState, steps: Step[]): string[] {
    const { progress, change } = found;
    if (progress.direction !== undefined) {
        const down = isDown(progress.reached) ? ", callers get 503" : "";
        const to = progress.direction === "back" ? "old" : "new";
        return [
            `An upgrade is under way: ${progress.reached} was reached${down}, and it continues to ${to}, in ${steps.length} step(s).`,
        ];
    }
    const answers = change.sameAnswers
        ? "The new version must give the same answers as the old one."
        : "The new version may give other answers than the old one. It must give the same answer when a question is repeated.";
    return [...noticed(found, false), answers];
}
