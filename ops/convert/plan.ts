import type { Option } from "commander";
import { choice, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { drawn, noticed, rowOf, timesOf } from "../cutover/commands/steps";
import { backFrom, forwardAnew, isDown, type Step } from "../cutover/phases";
import type { CutoverState } from "../cutover/read-state";
import { FindingsError } from "../errors";
import { json } from "../output";
import { verdictOf, type Target } from "./checks";
import { readState } from "./read-state";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("plan"))),
        "convert plan --stack intra",
        "convert plan --stack intra --to intra-a --json",
    )
        .description(
            "Show the steps with their times, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .addOption(targetOption("target option (default: the other one)"))
        .action((args) => plan(context, args));

export interface PlanArgs {
    stack?: string;
    to?: Target;
    json?: boolean;
}

/** Option `--to`, the target of the conversion. */
export function targetOption(about: string): Option {
    return choice("--to <option>", about, ["intra-a", "intra-b"]);
}

/** Shows the plan and the problems that prevent it. Changes nothing. @throws FindingsError if there are problems */
async function plan(context: Context, args: PlanArgs): Promise<void> {
    const { run, problems } = await showPlan(context, args);
    if (problems.length > 0)
        throw new FindingsError(
            `${problems.length} problem(s) prevent the conversion, nothing was changed:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
        );
    if (run !== undefined && !args.json) context.out(`\nNothing was changed. Next: ${run}`);
}

interface ShownPlan {
    /** Problems that prevent the conversion. */
    problems: string[];
    /** The command that carries it out. Unset if there is nothing to do. */
    run?: string;
}

/** Prints the steps with their times. */
export async function showPlan(context: Context, args: PlanArgs): Promise<ShownPlan> {
    const found = await readState(context, args.stack);
    const { progress, stack } = found;
    const underWay = progress.direction !== undefined;
    const to = targetOf(found, args.to);
    const steps = stepsOf(found, to);
    const { problems, notes } =
        underWay || steps.length === 0 ? { problems: [], notes: [] } : await verdictOf(context, found, to);
    const rows = steps.map((step) => rowOf(step, found));
    if (args.json) {
        const times = timesOf(found, to === "intra-a");
        const { reached } = progress;
        context.out(json({ stack: stack.short, reached, to, underWay, steps: rows, ...times, problems, notes }));
    } else {
        if (rows.length > 0) context.out(drawn(rows));
        for (const one of notes) context.note(`note: ${one}`);
        for (const line of summary(found, to, steps)) context.out(line);
    }
    const target = to === "intra-a" && !underWay ? " --to intra-a" : "";
    const run = `npm run ops -- convert run --yes${target} --stack ${stack.short}`;
    return { problems, ...(steps.length === 0 ? {} : { run }) };
}

/** Target option of the running conversion, else the requested one, else the other option. */
export function targetOf({ progress: { direction, reached } }: CutoverState, asked: Target | undefined): Target {
    if (direction !== undefined) return direction === "back" ? "intra-a" : "intra-b";
    return asked ?? (reached === "done" ? "intra-a" : "intra-b");
}

function stepsOf({ progress: { direction, reached, next } }: CutoverState, to: Target): Step[] {
    if (direction !== undefined) return next;
    return to === "intra-b" ? forwardAnew(reached) : backFrom(reached, false, "intra-a");
}

function summary(found: CutoverState, to: Target, steps: Step[]): string[] {
    const { progress, stack } = found;
    if (steps.length === 0) return [`${stack.short} has option ${to} already: there is nothing to do.`];
    if (progress.direction !== undefined) {
        const down = isDown(progress.reached) ? ", callers get 503" : "";
        return [`A conversion is under way: ${progress.reached} was reached${down}, and it continues to ${to}.`];
    }
    return noticed(found, to === "intra-a");
}
