/** `convert run`: begins or continues a conversion, or shows its steps. */
import { TARGET, type Target } from "../../components/opt/conversion-phases";
import { withChange, withExamples, type AddCommand } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { json, shownPath } from "../output";
import { isAlive, takeEditLock } from "../stack/edit-lock";
import { isCommittable } from "../stack/history/commits";
import { findStack } from "../stack/stack";
import { whoAmI } from "../who-am-i";
import { hostname } from "node:os";
import { carryOut, type Ended } from "./carry-out";
import { nextStep, notOurs } from "./decide";
import { conversionActions, findConversion, type FoundConversion } from "./found";
import { showPlan, startProblems, targetOf, targetOption } from "./plan";
import { isUnderWay } from "./progress";

export const TAKE_OVER = [
    "--take-over",
    "continue a conversion of another process that no longer runs (default: fail)",
] as const;

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("run"), "convert, or continue a conversion"),
        "convert run --stack intra",
        "convert run --stack intra --to intra-a --yes",
    )
        .description("Convert, or continue a conversion; returns to intra-a when a step fails or time runs out")
        .addOption(targetOption("option to convert to (default: intra-b, or the target of the conversion under way)"))
        .option(...TAKE_OVER)
        .action(async (args) => {
            if (args.yes) return runConversion(context, args);
            const problems = await showPlan(context, { ...args, to: args.to ?? TARGET });
            if (problems.length > 0) throw new UsageError(problems);
            dryRun(context, "carry out these steps", args);
        });

/** Options of the commands that carry out a conversion. */
export interface ConvertArgs {
    stack?: string;
    yes?: boolean;
    json?: boolean;
    takeOver?: boolean;
    to?: Target;
    /** Whether the command may only continue a conversion. */
    onlyUnderWay?: boolean;
}

/** @throws Failure if the conversion does not reach its target */
export async function runConversion(context: Context, args: ConvertArgs): Promise<void> {
    const { short } = await findStack(context, args.stack);
    const release = takeEditLock(context, short);
    const stop = stopSignal();
    try {
        const found = await findConversion(context, args.stack);
        const { stack, progress, budget } = found;
        const to = targetOf(found, args.to ?? TARGET);
        if (nextStep(progress, to) === undefined || (args.onlyUnderWay && !isUnderWay(progress)))
            return report(context, args, found);
        const problems = await problemsOf(context, found, to, args);
        if (problems.length > 0) throw new UsageError(problems);
        if (args.takeOver) await context.pulumi(["cancel", "--yes", "--stack", stack.name]);
        const job = { stack: short, by: whoAmI(), budget, stop: stop.signal };
        const ended = await carryOut(conversionActions(context, stack), job, to);
        await report(context, args, found, ended);
        if (ended.to !== to)
            throw new Failure(
                `convert: did not reach ${to} (${ended.why}). It has returned to ${ended.to}, which serves callers. Correct the cause, and run the command again.`,
            );
    } finally {
        stop.end();
        release();
    }
}

async function problemsOf(context: Context, found: FoundConversion, to: Target, args: ConvertArgs): Promise<string[]> {
    const { stack, progress } = found;
    const isRunning = (pid: number) => pid !== process.pid && isAlive({ pid, host: hostname() });
    const successor = { by: whoAmI(), isAlive: isRunning, takeOver: args.takeOver ?? false };
    const others = notOurs(stack.short, progress, successor);
    if (others.length > 0) return others;
    if (args.to === TARGET && to !== TARGET)
        return [
            `--to: must be ${to} while the conversion returns. First finish the return: npm run ops -- convert run --yes --stack ${stack.short}`,
        ];
    return startProblems(context, found, to);
}

/** Prints the outcome. @param ended unset if there was nothing to do */
async function report(
    context: Context,
    args: ConvertArgs,
    { stack, progress }: FoundConversion,
    ended?: Ended,
): Promise<void> {
    const { short, file } = stack;
    const outcome = ended === undefined ? "none" : ended.to === TARGET ? "converted" : "returned";
    if (args.json) return context.out(json({ stack: short, outcome, ...ended }));
    if (ended === undefined)
        return context.out(`${short}: no conversion is under way (${progress.stage}). There is nothing to do.`);
    const next = (await isCommittable(file)) ? ` Next: commit ${shownPath(file)}.` : "";
    context.out(`\nDone: ${short} has option ${ended.to}, which serves callers.${next}`);
}

/** Ctrl-C, SIGTERM and a closed terminal end the step, and then the command. */
function stopSignal(): { signal: AbortSignal; end: () => void } {
    const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const controller = new AbortController();
    const onSignal = (name: NodeJS.Signals) => {
        // The step must end cleanly, although the terminal may be closed.
        for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
        controller.abort(`it was ended by ${name}`);
    };
    names.forEach((name) => process.on(name, onSignal));
    return { signal: controller.signal, end: () => names.forEach((name) => process.off(name, onSignal)) };
}
