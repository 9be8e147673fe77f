/** Begins or continues a conversion, and carries it out to its end. */
import { basename } from "node:path";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { shownPath } from "../output";
import type { Stack } from "../stack/stack";
import { conversionActions, leaveStack, record, type ConversionJob } from "./runner/actions";
import { newFile, records, type Entry, type Event } from "./audit";
import { heldByAnother, verdictOf } from "./checks";
import { nameToBe, startBeat } from "./lock/holder";
import { versions, whoAmI } from "./identity";
import { takeLock } from "./lock/lock";
import { listen } from "./lock/orders";
import { BEFORE, type Direction, type Target } from "./phases";
import { seenIn, type FoundConversion } from "./read-state";
import { ConversionRunner } from "./runner/runner";
import { restOf } from "./stack-edit";
import { progressOf } from "./state";
import { ProgressDisplay } from "./progress";
import type { Ended } from "./report";

/** The conversion that a command starts or continues. */
export interface Task {
    found: FoundConversion;
    to: Target;
    takeOver?: boolean;
    /** Whether the operator requests the rollback of a conversion that goes forward. */
    forced: boolean;
}

/** The direction in which a conversion reaches its target. */
export function directionTo(to: Target): Direction {
    return to === BEFORE ? "back" : "forward";
}

/**
 * Takes the lock, starts or continues a conversion, and releases the lock.
 * @param decide returns the conversion, or undefined if there is nothing to do
 */
export async function carryOut(
    context: Context,
    stack: Stack,
    decide: () => Promise<Task | undefined>,
): Promise<Ended | undefined> {
    const release = takeLock(context.folder, stack.short, whoAmI(), new Date());
    const orders = listen(context, stack);
    try {
        const task = await decide();
        if (task === undefined) return undefined;
        const { found, forced, to } = task;
        const { budget, cluster } = found;
        const job = await begin(context, task, orders.interrupted);
        const known = records(context.folder, stack.short);
        const progress = progressOf(seenIn(found.stack, found.outputs), known);
        if (forced) orders.turn("an operator requested it");
        const runner = new ConversionRunner(progress, budget, conversionActions(job), orders);
        const stopBeat = startBeat(cluster, job.holder, job.who);
        const ended = await runner.go().finally(stopBeat);
        if (ended.outcome === "returned") leaveStack(job);
        return { ...ended, to: forced ? BEFORE : to, stack: stack.short, file: job.file };
    } finally {
        orders.end();
        release();
    }
}

/** Records the start or the continuation of a conversion. @throws UsageError with all problems */
async function begin(context: Context, task: Task, interrupted: () => string | undefined): Promise<ConversionJob> {
    const { found } = task;
    const { stack, progress, answerSeconds } = found;
    const file = progress.file ?? newFile(context.folder, stack.short, new Date());
    const holder = await nameInCluster(task, file, interrupted);
    for (const one of await notesOf(context, task, holder)) context.note(`note: ${one}`);
    const job: ConversionJob = {
        context,
        stack: stack.name,
        short: stack.short,
        file,
        run: basename(file, ".jsonl"),
        who: whoAmI(),
        holder,
        read: found.read,
        rest: restOf(stack.text),
        stackFile: stack,
        callers: stack.callers,
        answerSeconds,
        display: new ProgressDisplay(context),
    };
    await writeBegin(job, task);
    return job;
}

/** Lock holder name of this process in the cluster. */
function nameInCluster(
    { found: { conversions, progress, cluster, holder }, takeOver = false }: Task,
    file: string,
    interrupted: () => string | undefined,
): Promise<string> {
    const who = whoAmI();
    const entries = conversions.find((one) => one.file === progress.file)?.entries ?? [];
    const own = nameIn(entries[0]) ?? `${who} ${basename(file, ".jsonl")}`;
    const foreign = (entries.at(-1)?.who ?? who) !== who;
    return nameToBe({ own, who, foreign, takeOver }, cluster, holder, interrupted);
}

/** @returns warnings @throws UsageError with all problems that prevent the conversion */
async function notesOf(context: Context, { found, to }: Task, holder: string): Promise<string[]> {
    const begins = found.progress.direction === undefined;
    const { problems, notes } = begins
        ? await verdictOf(context, found, directionTo(to), holder)
        : { problems: [], notes: [] };
    if (!begins) problems.push(...heldByAnother(found, holder, new Date()));
    if (problems.length > 0) throw new UsageError(problems);
    return notes;
}

/** @throws Failure if the event cannot be written; only a rollback continues without it */
async function writeBegin(job: ConversionJob, { found, to, forced }: Task): Promise<void> {
    const { progress, budget, stack } = found;
    const { reached, asked, file, direction } = progress;
    const now = await versions(job.context);
    const event: Event =
        file !== undefined
            ? { event: "resume", reached, asked, versions: now }
            : {
                  event: "begin",
                  from: reached,
                  to: direction === undefined ? to : BEFORE,
                  budgetSeconds: budget.seconds,
                  versions: now,
              };
    const unwritten = record(job, event);
    if (unwritten !== undefined && !forced && direction !== "back") {
        const back =
            file === undefined ? "" : `; or roll back: npm run ops -- convert abort --yes --stack ${stack.short}`;
        throw new Failure(
            `convert: ${unwritten}. Nothing was changed: the stack is in phase ${reached}. Make the file writable and run the command again${back}`,
        );
    }
    job.context.note(`Record: ${shownPath(job.file)}`);
}

/** Lock holder name of a recorded conversion. A process that continues the conversion keeps the name. */
export function nameIn(first: Entry | undefined): string | undefined {
    return first && `${first.who} ${first.run}`;
}
