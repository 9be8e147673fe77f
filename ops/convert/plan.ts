import type { Option } from "commander";
import { choice, withJson, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { json, table } from "../output";
import { verdictOf, type Target } from "./checks";
import { duration, expectedOf, needed, remainingForward, returnFrom, wholeReturn } from "./clock";
import { backFrom, describeStep, forwardAnew, isDown, nameOf, whatIsDown, type Step } from "./phases";
import { readState, type ConversionState } from "./read-state";

export const command: AddCommand = (convert, context) =>
    withJson(convert.command("plan"))
        .description("Show the steps with their times, and every problem that prevents them; changes nothing")
        .addOption(targetOption("target option (default: the other one)"))
        .action((args) => plan(context, args));

export interface PlanArgs {
    stack?: string;
    to?: Target;
    json?: boolean;
}

/** Which option the conversion leads to. */
export function targetOption(about: string): Option {
    return choice("--to <option>", about, ["intra-a", "intra-b"]);
}

/** Shows the steps with their times, and all that stands against them. Changes nothing. */
export async function plan(context: Context, args: PlanArgs): Promise<void> {
    const found = await readState(context, args.stack);
    const { progress, stack } = found;
    const underWay = progress.direction !== undefined;
    const to = underWay
        ? progress.direction === "back"
            ? "intra-a"
            : "intra-b"
        : (args.to ?? (progress.reached === "done" ? "intra-a" : "intra-b"));
    const steps = underWay
        ? progress.next
        : to === "intra-b"
          ? forwardAnew(progress.reached)
          : backFrom(progress.reached, false);
    const { problems, notes } =
        underWay || steps.length === 0 ? { problems: [], notes: [] } : await verdictOf(context, found, to);
    const rows = steps.map((step) => rowOf(step, found));
    if (args.json) {
        const { stack: __, ...times } = timesOf(found, to);
        context.out(
            json({
                stack: stack.short,
                reached: progress.reached,
                to,
                underWay,
                steps: rows,
                ...times,
                problems,
                notes,
            }),
        );
    } else {
        if (rows.length > 0) context.out(drawn(rows));
        for (const one of notes) context.note(`note: ${one}`);
        for (const line of summary(found, to, steps, problems.length === 0)) context.out(line);
    }
    if (problems.length > 0) throw new UsageError(problems);
}

interface Row {
    step: string;
    does: string;
    callers: string;
    expectedSeconds: number;
    measured: boolean;
    /** From its end back to callers who are served by bare metal, in seconds. */
    returnSeconds: number;
}

function rowOf(step: Step, { budget: { expected }, measured }: ConversionState): Row {
    return {
        step: nameOf(step),
        does: describeStep(step).does,
        callers: whatIsDown(step) === "nothing" ? "served" : "get 503",
        expectedSeconds: expectedOf(step, expected),
        measured: nameOf(step) in measured,
        returnSeconds: step.direction === "forward" ? returnFrom(step.to, false, expected) : 0,
    };
}

function drawn(rows: Row[]): string {
    const back = (row: Row) => (row.returnSeconds > 0 ? duration(row.returnSeconds) : "");
    return table(
        ["step", "what happens", "callers", "expected", "", "return from there"],
        rows.map((row) => [
            ...[row.step, row.does, row.callers, duration(row.expectedSeconds)],
            ...[row.measured ? "measured" : "not measured yet", back(row)],
        ]),
    );
}

function timesOf({ stack, progress, budget: { seconds, expected } }: ConversionState, to: Target) {
    return {
        stack: stack.short,
        budgetSeconds: seconds,
        downSeconds:
            to === "intra-b" ? remainingForward("intra-a", expected) : returnFrom(progress.reached, false, expected),
        wholeReturnSeconds: wholeReturn(expected),
    };
}

function summary(found: ConversionState, to: Target, steps: Step[], possible: boolean): string[] {
    const { progress, budget, stack } = found;
    const { downSeconds, wholeReturnSeconds } = timesOf(found, to);
    if (steps.length === 0) return [`${stack.short} is of option ${to} already: nothing is to be done.`];
    const run = `npm run ops -- convert run --apply${to === "intra-a" && progress.direction === undefined ? " --to intra-a" : ""}`;
    const next = `\nNothing was changed. Next: ${run} --stack ${stack.short}`;
    if (progress.direction !== undefined) {
        const down = isDown(progress.reached) ? ", callers get 503" : "";
        return [`A conversion is under way: ${progress.reached} was reached${down}, and it goes on to ${to}.`, next];
    }
    const lines = [`Callers get 503 for about ${duration(downSeconds)}; the budget is ${duration(budget.seconds)}.`];
    if (to === "intra-b") {
        const spare = budget.seconds - needed(budget.expected);
        lines.push(
            `The longest way back takes ${duration(wholeReturnSeconds)}. When steps take ${duration(spare)} longer than expected, all together, it returns by itself.`,
        );
    }
    return possible ? [...lines, next] : lines;
}
