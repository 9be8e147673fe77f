/** `stack apply`: applies the reviewed plan and nothing else. */
import { resolve } from "node:path";
import { withConsent, withExamples, withStack, type AddCommand } from "../../arguments";
import { dryRun } from "../../consent";
import { ROOT, type Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { obstaclesOrConversion } from "../edit-obstacles";
import { uncommitted } from "../history/commits";
import { withFormat, type ReviewOptions } from "../review/arguments";
import { exported, render } from "../review/review";
import { findStack } from "../stack";
import { planIn, readSavedPlan } from "./plan-folder";
import { carryOutPlan } from "./run-plan";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(withConsent(withStack(stack.command("apply")), "run pulumi up with that plan")),
        "stack apply --stack intra --plan plan",
        "stack apply --stack intra --plan plan --yes",
    )
        .description("Apply the plan that stack review saved; the plan must be of the current commit, config and state")
        .requiredOption("--plan <folder>", "folder written by stack review --out")
        .action((args) => apply(context, args));

interface ApplyArgs extends Pick<ReviewOptions, "stack" | "format"> {
    /** Folder that `stack review --out` made. */
    plan: string;
    yes?: boolean;
}

async function apply(context: Context, args: ApplyArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const root = context.program ?? ROOT;
    const against = [...(await obstaclesOrConversion(context, stack)), ...(await uncommitted(root))];
    if (against.length > 0) throw new UsageError(against);
    const folder = resolve(args.plan);
    const { review, bound, made } = await readSavedPlan(context, folder, stack, await exported(context, stack));
    const isJson = args.format === "json";
    if (!isJson) context.out(render(review, args.format));
    const message = `Plan of commit ${bound.commit.slice(0, 10)}, made ${made}`;
    if (args.yes) await carryOutPlan(context, stack, planIn(folder), message);
    if (isJson) context.out(json({ ...review, changed: args.yes === true }));
    if (!args.yes) dryRun(context, "carry out this plan", args);
}
