/** `convert plan`: shows the steps, and the problems that prevent them. */
import type { Option } from "commander";
import { BEFORE, TARGET, type Target } from "../../components/opt/conversion-phases";
import { counted } from "../../config/problems";
import { choice, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { FindingsError } from "../errors";
import { json, table } from "../output";
import { obstacles } from "../stack/edit-obstacles";
import { checkConfig } from "../stack/settings";
import { callersIn, descriptionOf, stepsTo } from "./decide";
import { findConversion, type FoundConversion } from "./found";
import { isUnderWay } from "./progress";
import { setPlace } from "./stack-edit";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("plan"))),
        "convert plan --stack intra",
        "convert plan --stack intra --to intra-a --json",
    )
        .description(
            "Show the steps, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .addOption(targetOption("option to convert to (default: the one that the stack does not have)"))
        .action(async (args) => {
            const problems = await showPlan(context, args);
            if (problems.length > 0)
                throw new FindingsError(
                    `${counted(problems.length, "problem")} prevent${problems.length === 1 ? "s" : ""} the conversion:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
                );
        });

/** Option `--to`, the target of the conversion. */
export function targetOption(about: string): Option {
    return choice("--to <option>", about, [BEFORE, TARGET]);
}

interface PlanArgs {
    stack?: string;
    json?: boolean;
    to?: Target;
}

/** Prints the remaining steps. @returns the problems that prevent them */
export async function showPlan(context: Context, args: PlanArgs): Promise<string[]> {
    const found = await findConversion(context, args.stack);
    const { progress, stack, budget } = found;
    const to = targetOf(found, args.to ?? (progress.stage === "open" ? BEFORE : TARGET));
    const steps = stepsTo(progress, to).map((phase) => ({
        phase,
        does: descriptionOf(phase, to),
        callers: callersIn(phase),
    }));
    const problems = steps.length === 0 ? [] : await startProblems(context, found, to);
    if (args.json) {
        context.out(json({ stack: stack.short, phase: progress.stage, to, steps, ...budget, problems }));
        return problems;
    }
    if (steps.length === 0) context.out(`${stack.short} has option ${to} already: there is nothing to do.`);
    else {
        const rows = steps.map(({ phase, does, callers }) => [phase, does, callers]);
        context.out(table(["phase", "what happens", "callers then get"], rows, "what happens"));
        context.out(
            `Callers get 503 for at most ${budget.budgetMinutes} min. If the conversion to ${TARGET} is not complete after ${budget.budgetMinutes - budget.returnMinutes} min, it returns by itself.`,
        );
    }
    return problems;
}

/** Target of the conversion under way, unless it is to return; otherwise the requested one. */
export function targetOf({ progress }: FoundConversion, asked: Target): Target {
    const recorded = isUnderWay(progress) ? progress.attempt?.to : undefined;
    return recorded === BEFORE || asked === BEFORE ? BEFORE : TARGET;
}

/** Problems that prevent a new conversion to intra-b. A conversion under way and a return begin in any case. */
export async function startProblems(context: Context, found: FoundConversion, to: Target): Promise<string[]> {
    const { stack, progress } = found;
    if (to === BEFORE || isUnderWay(progress)) return [];
    const text = setPlace(stack.text, { stage: "prepared", attempt: progress.attempt });
    const problems = [
        ...checkConfig({ ...stack, text }, stack.secrets).problems,
        ...("closed" in stack.settings
            ? ["gateway.closed: must not be set when a conversion begins. Remove gateway.closed, and run: pulumi up"]
            : []),
        ...(await obstacles(context, stack)),
    ];
    return problems.length > 0 ? problems : unapplied(context, stack);
}

/** Checks for unapplied changes, which the first step would apply too. */
async function unapplied({ pulumi }: Context, { name, short, file }: FoundConversion["stack"]): Promise<string[]> {
    const { code } = await pulumi(["preview", "--expect-no-changes", "--stack", name, "--config-file", file]);
    if (code === 0) return [];
    return [`${short}: has unapplied changes, or its preview fails. Run: pulumi preview -s ${short}`];
}
