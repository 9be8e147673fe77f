/** `convert plan`: shows the steps with their times, and the problems that prevent them. */
import type { Option } from "commander";
import { counted } from "../../config/problems";
import { choice, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { FindingsError } from "../errors";
import { json } from "../output";
import { BEFORE, TARGET, backFrom, forwardAnew, isDown, type Step, type Target } from "./phases";
import { readState, type FoundConversion } from "./read-state";
import { directionTo } from "./carry-out";
import { verdictOf } from "./checks";
import { noteOtherPhase } from "./report";
import { drawn, noticed, rowOf, timesOf } from "./steps";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("plan"))),
        "convert plan --stack intra",
        "convert plan --stack intra --to intra-a --json",
    )
        .description(
            "Show the steps with their times, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .addOption(targetOption("option to convert to (default: the one that the stack does not have)"))
        .action((args) => plan(context, args));

/** Option `--to`, the target of the conversion. */
export function targetOption(about: string): Option {
    return choice("--to <option>", about, [BEFORE, TARGET]);
}

interface PlanArgs {
    stack?: string;
    json?: boolean;
    /** Target of the conversion. Default: the option that the stack does not have. */
    to?: Target;
}

/** Shows the plan and the problems that prevent it. Changes nothing. @throws FindingsError if there are problems */
async function plan(context: Context, args: PlanArgs): Promise<void> {
    const { next, problems } = await showPlan(context, args);
    if (problems.length > 0)
        throw new FindingsError(
            `${counted(problems.length, "problem")} prevent${problems.length === 1 ? "s" : ""} the conversion:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
        );
    if (next !== undefined && !args.json) context.out(`\nNext: ${next}`);
}

interface ShownPlan {
    /** Problems that prevent the conversion. */
    problems: string[];
    /** The command that carries out the plan. Unset if there is nothing to do. */
    next?: string;
}

/** Prints the steps with their times. */
export async function showPlan(context: Context, args: PlanArgs): Promise<ShownPlan> {
    const found = await readState(context, args.stack);
    const { progress, stack } = found;
    const { reached, direction } = progress;
    const underWay = direction !== undefined;
    const to = targetOf(found, args.to ?? (reached === "done" ? BEFORE : TARGET));
    const way = directionTo(to);
    const steps = stepsOf(found, to);
    const { problems, notes } =
        underWay || steps.length === 0 ? { problems: [], notes: [] } : await verdictOf(context, found, way);
    noteOtherPhase(context, found);
    const rows = steps.map((step) => rowOf(step, found));
    if (args.json) {
        const times = timesOf(found, way);
        context.out(json({ stack: stack.short, reached, to, underWay, steps: rows, ...times, problems, notes }));
    } else {
        if (rows.length > 0) context.out(drawn(rows));
        for (const one of notes) context.note(`note: ${one}`);
        for (const line of summary(found, to, steps)) context.out(line);
    }
    return {
        problems,
        ...(steps.length > 0 || underWay ? { next: commandFor(stack.short, underWay ? undefined : to) } : {}),
    };
}

/** Target of the conversion in progress, else the requested one. */
export function targetOf({ progress: { direction } }: FoundConversion, asked: Target): Target {
    if (direction === undefined) return asked;
    return direction === "back" ? BEFORE : TARGET;
}

function stepsOf({ progress: { direction, reached, next } }: FoundConversion, to: Target): Step[] {
    if (direction !== undefined) return next;
    return to === TARGET ? forwardAnew(reached) : backFrom(reached);
}

function summary(found: FoundConversion, to: Target, steps: Step[]): string[] {
    const { progress, stack } = found;
    const way = directionTo(to);
    if (progress.direction !== undefined) {
        const down = isDown(progress.reached) ? ", callers get 503" : "";
        return [`A conversion is under way: ${progress.reached} was reached${down}. The next run continues to ${to}.`];
    }
    if (steps.length === 0) return [`${stack.short} has option ${to} already: there is nothing to do.`];
    return noticed(found, way);
}

/** The command to run after a plan. @param to target of a new conversion; unset to continue one */
function commandFor(stack: string, to?: Target): string {
    return `npm run ops -- convert run --yes${to === BEFORE ? ` --to ${BEFORE}` : ""} --stack ${stack}`;
}
