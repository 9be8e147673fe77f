import { existsSync, rmSync } from "node:fs";
import { basename, relative } from "node:path";
import { withApply, withJson, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { findStack, type Stack } from "../stack/stack";
import { conversionActions, leaveStack, write, type ConversionJob } from "./actions";
import { newFile, records, type Entry } from "./audit";
import { heldByAnother, verdictOf, type Target } from "./checks";
import { nameToBe, startBeat } from "./holder";
import { orderFile, takeLock } from "./lock";
import { plan, targetOption } from "./plan";
import { ProgressDisplay } from "./progress";
import { readState, seen, versions, whoAmI, type ConversionState } from "./read-state";
import { report, unhappy, type Converted } from "./report";
import { ConversionRunner } from "./runner";
import { restOf } from "./stack-edit";
import { progressOf } from "./state";

export const command: AddCommand = (convert, context) =>
    withApply(withJson(convert.command("run")), "do it, or go on")
        .description("Convert, or continue a conversion; returns to intra-a when a step fails or time runs out")
        .addOption(targetOption("target option (default: intra-b, or that of the running conversion)"))
        .option("--take-over", "go on with a conversion that another machine has begun, and is gone")
        .action((args) => (args.apply ? run(context, args) : plan(context, { ...args, to: args.to ?? "intra-b" })));

export interface RunArgs {
    stack?: string;
    to?: Target;
    json?: boolean;
    takeOver?: boolean;
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

/** Decides what is to be done, and writes down that it begins. @returns undefined when nothing is to be done */
async function prepare(
    context: Context,
    args: RunArgs,
    onlyUnderWay: boolean,
    interrupted: () => string | undefined,
): Promise<(ConversionJob & { found: ConversionState; forced: boolean; to: Target }) | undefined> {
    const found = await readState(context, args.stack);
    const { stack, progress, budget, answerSeconds } = found;
    const { reached, asked } = progress;
    const again = progress.file !== undefined;
    const begins = progress.direction === undefined;
    const to = begins ? (args.to ?? "intra-b") : progress.direction === "back" ? "intra-a" : "intra-b";
    const nothing = onlyUnderWay ? reached !== "prepare" : reached === (to === "intra-b" ? "done" : "intra-a");
    if (begins && nothing) {
        const hint = reached === "done" ? " To return: npm run ops -- convert run --apply --to intra-a" : "";
        context.out(
            `${stack.short} is of option ${reached === "done" ? "intra-b" : "intra-a"}, and no conversion is under way.${hint}`,
        );
        return undefined;
    }
    if (!begins && to === "intra-a" && args.to === "intra-b")
        throw new UsageError([
            `--to: must be intra-a while it returns (${progress.why ?? "it was asked for"}). Run: npm run ops -- convert run --apply, and convert again afterwards.`,
        ]);
    const who = whoAmI();
    const file = progress.file ?? newFile(context.folder, stack.short, new Date());
    const id = basename(file, ".jsonl");
    const entries = found.conversions.find((one) => one.file === progress.file)?.entries ?? [];
    const successor = {
        own: nameIn(entries[0]) ?? `${who} ${id}`,
        who,
        foreign: (entries.at(-1)?.who ?? who) !== who,
        takeOver: args.takeOver ?? false,
    };
    const holder = await nameToBe(successor, found.cluster, found.holder, interrupted);
    const { problems, notes } = begins ? await verdictOf(context, found, to, holder) : { problems: [], notes: [] };
    const held = begins ? undefined : heldByAnother(found.holder, holder, new Date());
    if (held !== undefined) problems.push(held);
    if (problems.length > 0) throw new UsageError(problems);
    for (const one of notes) context.note(`note: ${one}`);
    const display = new ProgressDisplay(context);
    const rest = restOf(stack.text);
    const job: ConversionJob = {
        context,
        stack: stack.name,
        short: stack.short,
        file,
        run: id,
        who,
        holder,
        rest,
        text: stack.text,
        callers: stack.callers,
        answerSeconds,
        display,
    };
    const now = await versions(context);
    if (again) write(job, { event: "resume", reached, asked, versions: now });
    else
        write(job, {
            event: "begin",
            from: reached,
            to: begins ? to : "intra-a",
            budgetSeconds: budget.seconds,
            versions: now,
        });
    context.note(`Record: ${relative(process.cwd(), file)}`);
    const forced = progress.direction === "forward" && args.to === "intra-a";
    return { ...job, found, forced, to: forced ? "intra-a" : to };
}

/** The name that the record's own conversion has in the cluster: whoever goes on with it is it. */
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
        // Nobody reads any more, and what is under way has to be ended in order all the same.
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
