/** `ops stack apply`: carries out the plan that was reviewed, and nothing else. */
import { resolve } from "node:path";
import { withApply, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { formatOption } from "../../review/arguments";
import { readPlan } from "../../review/plan";
import { exported, fullReview, render, type ReviewArgs } from "../../review/review";
import { obstaclesOrConversion } from "../edit-obstacles";
import { findStack } from "../stack";
import { planIn, readSavedPlan } from "./plan-folder";
import { carryOutPlan } from "./run-plan";

export const command: AddCommand = (stack, context) =>
    withApply(withStack(stack.command("apply")), "run pulumi up with that plan")
        .description("Apply the plan of a check, and nothing else; it must be of this commit, config and state")
        .requiredOption("--plan <folder>", "folder written by stack check --out")
        .addOption(formatOption("how to print the review"))
        .action((args) => apply(context, args));

export interface ApplyArgs extends Pick<ReviewArgs, "stack" | "format"> {
    /** Folder that `ops stack check --out` made. */
    plan: string;
    apply?: boolean;
}

export async function apply(context: Context, args: ApplyArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const against = await obstaclesOrConversion(context, stack);
    if (against.length > 0) throw new UsageError(against);
    const state = await exported(context, stack);
    const folder = resolve(args.plan);
    const { plan, saved } = await readSavedPlan(context, folder, stack, state);
    const preview = readPlan(plan, "--plan", state, stack.short);
    context.out(render(fullReview(context, preview, state), args.format));
    if (!args.apply) return context.note("\nDry run: nothing was changed. Add --apply to carry out this plan.");
    await carryOutPlan(
        context,
        stack,
        planIn(folder),
        `Plan of commit ${saved.commit.slice(0, 10)}, made ${saved.made}`,
    );
}
