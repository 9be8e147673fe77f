/** Shows the steps of a cutover with their times, and the problems that prevent it. */
import { counted } from "../../../config/problems";
import type { Context } from "../../context";
import { FindingsError } from "../../errors";
import { json } from "../../output";
import { backFrom, forwardAnew, isDown, type Step, type Target } from "../phases";
import type { CutoverState } from "../read-state";
import { directionTo, type CutoverSource } from "./carry-out";
import { noteOtherPhase } from "./report";
import { drawn, noticed, rowOf, timesOf } from "./steps";

export interface PlanArgs {
    stack?: string;
    json?: boolean;
    /** Target of the cutover. Default: the service to which callers are not routed now. */
    to?: Target;
}

/** Shows the plan and the problems that prevent it. Changes nothing. @throws FindingsError if there are problems */
export async function plan(context: Context, args: PlanArgs, source: CutoverSource): Promise<void> {
    const { next, problems } = await showPlan(context, args, source);
    if (problems.length > 0)
        throw new FindingsError(
            `${counted(problems.length, "problem")} prevent${problems.length === 1 ? "s" : ""} the ${source.kind.noun}:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
        );
    if (next !== undefined && !args.json) context.out(`\nNext: ${next}`);
}

interface ShownPlan {
    /** Problems that prevent the cutover. */
    problems: string[];
    /** The command that carries out the plan. Unset if there is nothing to do. */
    next?: string;
}

/** Prints the steps with their times. */
export async function showPlan(context: Context, args: PlanArgs, { read }: CutoverSource): Promise<ShownPlan> {
    const { found, verdict } = await read();
    const { kind, progress, stack } = found;
    const { reached, direction } = progress;
    const underWay = direction !== undefined;
    const to = targetOf(found, args.to ?? (reached === "done" ? kind.before : kind.target));
    const way = directionTo(kind, to);
    const steps = stepsOf(found, to);
    const { problems, notes } = underWay || steps.length === 0 ? { problems: [], notes: [] } : await verdict(way);
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
        ...(steps.length > 0 || underWay ? { next: kind.next(stack.short, underWay ? undefined : to) } : {}),
    };
}

/** Target of the cutover in progress, else the requested one. */
export function targetOf({ kind, progress: { direction } }: CutoverState, asked: Target): Target {
    if (direction === undefined) return asked;
    return direction === "back" ? kind.before : kind.target;
}

function stepsOf({ kind, progress: { direction, reached, next } }: CutoverState, to: Target): Step[] {
    if (direction !== undefined) return next;
    return to === kind.target ? forwardAnew(reached) : backFrom(reached, kind.before);
}

function summary(found: CutoverState, to: Target, steps: Step[]): string[] {
    const { kind, progress, stack } = found;
    const way = directionTo(kind, to);
    if (progress.direction !== undefined) {
        const down = isDown(progress.reached) ? ", callers get 503" : "";
        return [`A conversion is under way: ${progress.reached} was reached${down}. The next run continues to ${to}.`];
    }
    if (steps.length === 0) return [`${stack.short} ${kind.has[way]} already: there is nothing to do.`];
    return noticed(found, way);
}
