/** `stack apply`: applies the reviewed plan and nothing else. */
import { resolve } from "node:path";
import { withConsent, withExamples, withStack, type AddCommand } from "../../arguments";
import { dryRun } from "../../consent";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { withFormat } from "../review/arguments";
import { readPlan } from "../review/plan";
import { exported, fullReview, render, type ReviewArgs } from "../review/review";
import { obstaclesOrConversion } from "../edit-obstacles";
import { findStack } from "../stack";
import { planIn, readSavedPlan, uncommitted } from "./plan-folder";
import { carryOutPlan } from "./run-plan";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(withConsent(withStack(stack.command("apply")), "run pulumi up with that plan")),
        "stack apply --stack intra --plan plan",
        "stack apply --stack intra --plan plan --yes",
    )
        .description("Apply the plan that stack check saved; the plan must be of the current commit, config and state")
        .requiredOption("--plan <folder>", "folder written by stack check --out")
        .action((args) => apply(context, args));

interface ApplyArgs extends Pick<ReviewArgs, "stack" | "format"> {
    /** Folder that `stack check --out` made. */
    plan: string;
    yes?: boolean;
}

async function apply(context: Context, args: ApplyArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const against = [...(await obstaclesOrConversion(context, stack)), ...(await uncommitted(context, "--plan"))];
    if (against.length > 0) throw new UsageError(against);
    const state = await exported(context, stack);
    const folder = resolve(args.plan);
    const { plan, saved } = await readSavedPlan(context, folder, stack, state);
    const preview = readPlan(plan, "--plan", state, stack.short);
    const found = fullReview(context, preview, state);
    const isJson = args.format === "json";
    if (!isJson) context.out(render(found, args.format));
    const message = `Plan of commit ${saved.commit.slice(0, 10)}, made ${saved.made}`;
    if (args.yes) await carryOutPlan(context, stack, planIn(folder), message);
    if (isJson) context.out(json({ ...found, changed: args.yes === true }));
    if (!args.yes) dryRun(context, "carry out this plan", args);
}
