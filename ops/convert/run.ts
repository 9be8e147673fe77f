import { existsSync, rmSync } from "node:fs";
import { basename, relative } from "node:path";
import { withChange, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { json } from "../output";
import { findStack, type Stack } from "../stack/stack";
import { conversionActions, leaveStack, write, type ConversionJob } from "./actions";
import { newFile, records, type Entry } from "./audit";
import { heldByAnother, verdictOf, type Target } from "./checks";
import { nameToBe, startBeat } from "./holder";
import { orderFile, takeLock } from "./lock";
import { showPlan, targetOf, targetOption } from "./plan";
import { ProgressDisplay } from "./progress";
import { readState, seen, versions, whoAmI, type ConversionState } from "./read-state";
import { report, unhappy, type Converted } from "./report";
import { ConversionRunner } from "./runner";
import { restOf } from "./stack-edit";
import { progressOf } from "./state";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("run"), "convert, or go on with what was begun"),
        "convert run --stack intra",
        "convert run --stack intra --to intra-a --yes",
    )
        .description("Convert, or continue a conversion; returns to intra-a when a step fails or time runs out")
        .addOption(targetOption("target option (default: intra-b, or that of the running conversion)"))
        .option("--take-over", "go on with a conversion that another machine has begun, and is gone (default: refuse)")
        .action((args) => (args.yes ? run(context, args) : showRun(context, args)));

export interface RunArgs extends Pick<ChangeArgs, "stack" | "json"> {
    to?: Target;
    takeOver?: boolean;
}

/** What a run would do. @throws UsageError with what it would refuse */
async function showRun(context: Context, args: RunArgs): Promise<void> {
    const { run, problems } = await showPlan(context, { ...args, to: args.to ?? "intra-b" });
    if (problems.length > 0) throw new UsageError(problems);
    if (run !== undefined) dryRun(context, "carry out these steps", args);
}

/** Converts a stack, or goes on with what was begun; returns to intra-a by itself when a step fails or time runs out. */
export async function run(context: Context, args: RunArgs): Promise<void> {
    const result = await convert(context, args);
    if (result === undefined) return;
    const wanted = result.to === "intra-b" ? "converted" : "returned";
    if (result.outcome !== wanted) throw new Failure(unhappy(result));
}

/** @param onlyUnderWay refuse to begin anything new */
export async function convert(context: Context, args: RunArgs, onlyUnderWay = false): Promise<Converted | undefined> {
    const stack = await findStack(context, args.stack);
    const release = takeLock(context.folder, stack.short, whoAmI(), new Date());
    const { orders, end } = listen(context, stack);
    try {
        const signals = [orders.back.signal, orders.stop.signal];
        const interrupted = () => signals.find(({ aborted }) => aborted)?.reason as string | undefined;
        const job = await prepare(context, args, onlyUnderWay, interrupted);
        if (job === undefined) return undefined;
        const { found, forced, to } = job;
        const progress = progressOf(seen(found.stack, found.outputs), records(context.folder, stack.short));
        if (forced) orders.back.abort("it was asked for");
        const runner = new ConversionRunner(progress, found.budget, conversionActions(job), {
            back: orders.back.signal,
            stop: orders.stop.signal,
        });
        const stopBeat = startBeat(found.cluster, job.holder, job.who);
        const ended = await runner.go().finally(stopBeat);
        if (ended.outcome === "returned") await leaveStack(job);
        const result = { ...ended, to, stack: stack.short, file: job.file };
        report(context, args, result);
        return result;
    } finally {
        end();
        release();
    }
}

interface PreparedJob extends ConversionJob {
    found: ConversionState;
    /** Whether a conversion that goes forward is to return. */
    forced: boolean;
    to: Target;
}

/** Decides what is to be done, and writes down that it begins. @returns undefined when nothing is to be done */
async function prepare(
    context: Context,
    args: RunArgs,
    onlyUnderWay: boolean,
    interrupted: () => string | undefined,
): Promise<PreparedJob | undefined> {
    const found = await readState(context, args.stack);
    const { stack, progress, answerSeconds } = found;
    const { reached, direction, why } = progress;
    const to = targetOf(found, args.to ?? "intra-b");
    const nothing = onlyUnderWay ? reached !== "prepare" : reached === (to === "intra-b" ? "done" : "intra-a");
    if (direction === undefined && nothing) {
        sayNothingToDo(context, args, found, to);
        return undefined;
    }
    if (direction !== undefined && to === "intra-a" && args.to === "intra-b")
        throw new UsageError([
            `--to: must be intra-a while it returns (${why ?? "it was asked for"}). Run: npm run ops -- convert run --yes, and convert again afterwards.`,
        ]);
    const file = progress.file ?? newFile(context.folder, stack.short, new Date());
    const holder = await nameInCluster(found, args, file, interrupted);
    for (const one of await notesOf(context, found, to, holder)) context.note(`note: ${one}`);
    const job: ConversionJob = {
        context,
        stack: stack.name,
        short: stack.short,
        file,
        run: basename(file, ".jsonl"),
        who: whoAmI(),
        holder,
        rest: restOf(stack.text),
        text: stack.text,
        callers: stack.callers,
        answerSeconds,
        display: new ProgressDisplay(context),
    };
    await writeBegin(job, found, to);
    const forced = direction === "forward" && args.to === "intra-a";
    return { ...job, found, forced, to: forced ? "intra-a" : to };
}

function sayNothingToDo(context: Context, args: RunArgs, { stack: { short }, progress }: ConversionState, to: Target) {
    const { reached } = progress;
    if (args.json)
        return context.out(json({ stack: short, to, outcome: "none", place: reached, downSeconds: 0, record: null }));
    const [option, hint] =
        reached === "done" ? ["intra-b", " To return: npm run ops -- convert run --yes --to intra-a"] : ["intra-a", ""];
    context.out(`${short} is of option ${option}, and no conversion is under way.${hint}`);
}

/** Name of the conversion in the cluster's record. */
function nameInCluster(
    { conversions, progress, cluster, holder }: ConversionState,
    { takeOver = false }: RunArgs,
    file: string,
    interrupted: () => string | undefined,
): Promise<string> {
    const who = whoAmI();
    const entries = conversions.find((one) => one.file === progress.file)?.entries ?? [];
    const own = nameIn(entries[0]) ?? `${who} ${basename(file, ".jsonl")}`;
    const foreign = (entries.at(-1)?.who ?? who) !== who;
    return nameToBe({ own, who, foreign, takeOver }, cluster, holder, interrupted);
}

/** @returns what is to be noted @throws UsageError with all that stands against it */
async function notesOf(context: Context, found: ConversionState, to: Target, holder: string): Promise<string[]> {
    const begins = found.progress.direction === undefined;
    const { problems, notes } = begins ? await verdictOf(context, found, to, holder) : { problems: [], notes: [] };
    const held = begins ? undefined : heldByAnother(found.holder, holder, new Date());
    if (held !== undefined) problems.push(held);
    if (problems.length > 0) throw new UsageError(problems);
    return notes;
}

/** Writes the record of a conversion that begins, or goes on. */
async function writeBegin(job: ConversionJob, { progress, budget }: ConversionState, to: Target): Promise<void> {
    const { reached, asked, file, direction } = progress;
    const now = await versions(job.context);
    if (file !== undefined) write(job, { event: "resume", reached, asked, versions: now });
    else
        write(job, {
            event: "begin",
            from: reached,
            to: direction === undefined ? to : "intra-a",
            budgetSeconds: budget.seconds,
            versions: now,
        });
    job.context.note(`Record: ${relative(process.cwd(), job.file)}`);
}

/** The holder name of the recorded conversion in the cluster, which a continuing process keeps. */
function nameIn(first: Entry | undefined): string | undefined {
    return first && `${first.who} ${first.run}`;
}

/** Ctrl-C once returns, twice stops where it is; so does an end that is asked for, or the terminal's. The file is written by `convert abort`. */
function listen(
    context: Context,
    stack: Stack,
): { orders: { back: AbortController; stop: AbortController }; end: () => void } {
    const orders = { back: new AbortController(), stop: new AbortController() };
    const onInterrupt = () => {
        if (orders.back.signal.aborted) return orders.stop.abort("it was interrupted");
        context.note("\nReturning to intra-a. Once more: stop here, to go on later with convert run.");
        orders.back.abort("it was interrupted");
    };
    const onEnd = () => orders.stop.abort("it was told to end");
    const file = orderFile(context.folder, stack.short);
    const watch = setInterval(() => {
        if (!existsSync(file)) return;
        rmSync(file, { force: true });
        orders.back.abort("convert abort was run");
    }, 500);
    const onHangUp = () => {
        // The terminal is closed, but the running step must still end in order.
        for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
        orders.stop.abort("its terminal was closed");
    };
    process.on("SIGINT", onInterrupt).on("SIGTERM", onEnd).on("SIGHUP", onHangUp);
    return {
        orders,
        end: () => {
            clearInterval(watch);
            process.off("SIGINT", onInterrupt).off("SIGTERM", onEnd).off("SIGHUP", onHangUp);
        },
    };
}
