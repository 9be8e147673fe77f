/** `convert status`: shows how far a conversion is, from the stack's state. */
import { isClosed, TARGET } from "../../components/opt/conversion-phases";
import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { json } from "../output";
import { callersIn, deadline, stepsTo } from "./decide";
import { findConversion, type FoundConversion } from "./found";
import { isUnderWay, whoIn } from "./progress";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("status"))),
        "convert status --stack intra",
        "convert status --json",
    )
        .description("Show the phase of a conversion, who set it, since when callers get 503, and the next steps")
        .action((args) => status(context, args));

/** Prints how far the conversion is. */
export async function status(context: Context, args: { stack?: string; json?: boolean }): Promise<void> {
    const found = await findConversion(context, args.stack);
    const { stack, progress } = found;
    const { stage, attempt, isComplete, pending, closedSince } = progress;
    const underWay = isUnderWay(progress);
    const next = underWay && attempt ? stepsTo(progress, attempt.to) : [];
    const facts = { phase: stage, isComplete, underWay, attempt: attempt ?? null, closedSince: closedSince ?? null };
    if (args.json) return context.out(json({ stack: stack.short, ...facts, next, pending }));
    lines(found, next).forEach((line) => context.out(line));
}

/** @param next remaining steps; empty if no conversion is under way */
function lines({ stack, progress, budget }: FoundConversion, next: string[]): string[] {
    const { stage, attempt, isComplete, pending, closedSince } = progress;
    const { short } = stack;
    const ops = (verb: string) => `npm run ops -- convert ${verb} --yes --stack ${short}`;
    if (attempt === undefined || next.length === 0) return [`${short}: ${stage}. No conversion is under way.`];
    const end =
        attempt.to === TARGET ? deadline(progress, stepsTo(progress, TARGET)[0], budget, Date.now()) : undefined;
    return [
        `${short}: a conversion to ${attempt.to} is under way: ${whoIn(attempt)}.`,
        `Phase: ${stage}${isComplete ? "" : ", not complete"}. Callers get ${callersIn(stage)}. Next: ${next.join(", ")}.`,
        ...(closedSince === undefined || !isClosed(stage) ? [] : [`Callers got the first 503 at ${closedSince}.`]),
        ...(end === undefined
            ? []
            : [`If it is not complete at ${new Date(end).toISOString()}, it returns by itself.`]),
        ...(pending === 0 ? [] : [`Pending operations of a run in progress, or of a killed one: ${pending}.`]),
        `If its process no longer runs, continue: ${ops("run")}; or return: ${ops("abort")}. On another host or after a kill, add --take-over.`,
    ];
}
