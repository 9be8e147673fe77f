/** Begins or continues a cutover, and carries it out to its end. */
import { basename } from "node:path";
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { shownPath } from "../../output";
import type { Stack } from "../../stack/stack";
import { cutoverActions, leaveStack, record, type CutoverJob } from "../actions";
import { newFile, records, type Entry, type Event } from "../audit";
import { heldByAnother, type Verdict } from "../checks";
import { nameToBe, startBeat } from "../holder";
import { versions, whoAmI } from "../identity";
import type { Kind } from "../kind";
import { takeLock } from "../lock";
import { listen } from "../orders";
import type { Direction, Target } from "../phases";
import type { CutoverState } from "../read-state";
import { CutoverRunner } from "../runner";
import { progressOf } from "../state";
import { ProgressDisplay } from "./progress";
import type { Ended } from "./report";

/** State of a cutover, and the check before its start. */
interface Cutover {
    found: CutoverState;
    /** Problems that prevent the cutover from starting. @param ours lock holder name of this process */
    verdict(direction: Direction, ours?: string): Promise<Verdict>;
}

/** Reads the cutover that a command is about. */
export interface CutoverSource {
    /** Names and texts that do not depend on the stack. */
    kind: Kind;
    /** @throws UsageError if the stack has no such cutover */
    read(): Promise<Cutover>;
}

/** The cutover that a command starts or continues. */
export interface Task extends Cutover {
    to: Target;
    takeOver?: boolean;
    /** Whether the operator requests the rollback of a cutover that goes forward. */
    forced: boolean;
}

/** The direction in which a cutover reaches its target. */
export function directionTo({ before }: Pick<Kind, "before">, to: Target): Direction {
    return to === before ? "back" : "forward";
}

/**
 * Takes the lock, starts or continues a cutover, and releases the lock.
 * @param decide returns the cutover, or undefined if there is nothing to do
 */
export async function carryOut(
    context: Context,
    words: Pick<Kind, "command" | "before">,
    stack: Stack,
    decide: () => Promise<Task | undefined>,
): Promise<Ended | undefined> {
    const release = takeLock(context.folder, stack.short, whoAmI(), new Date());
    const orders = listen(context, words, stack);
    try {
        const task = await decide();
        if (task === undefined) return undefined;
        const { found, forced, to } = task;
        const { kind, budget, cluster } = found;
        const job = await begin(context, task, orders.interrupted);
        const known = records({ folder: context.folder, kind: kind.folder }, stack.short);
        const progress = progressOf(kind.seen(found.stack, found.outputs, known), known, kind.before);
        if (forced) orders.turn("an operator requested it");
        const runner = new CutoverRunner(kind, progress, budget, cutoverActions(job), orders);
        const stopBeat = startBeat(cluster, job.holder, job.who);
        const ended = await runner.go().finally(stopBeat);
        if (ended.outcome === "returned") leaveStack(job);
        return { ...ended, to: forced ? kind.before : to, stack: stack.short, file: job.file };
    } finally {
        orders.end();
        release();
    }
}

/** Records the start or the continuation of a cutover. @throws UsageError with all problems */
async function begin(context: Context, task: Task, interrupted: () => string | undefined): Promise<CutoverJob> {
    const { found } = task;
    const { kind, stack, progress, answerSeconds } = found;
    const file = progress.file ?? newFile({ folder: context.folder, kind: kind.folder }, stack.short, new Date());
    const holder = await nameInCluster(task, file, interrupted);
    for (const one of await notesOf(task, holder)) context.note(`note: ${one}`);
    const job: CutoverJob = {
        context,
        kind,
        stack: stack.name,
        short: stack.short,
        file,
        run: basename(file, ".jsonl"),
        who: whoAmI(),
        holder,
        read: found.read,
        rest: kind.restOf(stack.text),
        stackFile: stack,
        callers: stack.callers,
        answerSeconds,
        display: new ProgressDisplay(context, kind),
    };
    await writeBegin(job, task);
    return job;
}

/** Lock holder name of this process in the cluster. */
function nameInCluster(
    { found: { kind, conversions, progress, cluster, holder }, takeOver = false }: Task,
    file: string,
    interrupted: () => string | undefined,
): Promise<string> {
    const who = whoAmI();
    const entries = conversions.find((one) => one.file === progress.file)?.entries ?? [];
    const own = nameIn(entries[0]) ?? `${who} ${basename(file, ".jsonl")}`;
    const foreign = (entries.at(-1)?.who ?? who) !== who;
    return nameToBe({ own, who, foreign, takeOver, kind }, cluster, holder, interrupted);
}

/** @returns warnings @throws UsageError with all problems that prevent the cutover */
async function notesOf({ found, verdict, to }: Task, holder: string): Promise<string[]> {
    const begins = found.progress.direction === undefined;
    const { problems, notes } = begins
        ? await verdict(directionTo(found.kind, to), holder)
        : { problems: [], notes: [] };
    if (!begins) problems.push(...heldByAnother(found, holder, new Date()));
    if (problems.length > 0) throw new UsageError(problems);
    return notes;
}

/** @throws Failure if the event cannot be written; only a rollback continues without it */
async function writeBegin(job: CutoverJob, { found, to, forced }: Task): Promise<void> {
    const { progress, budget, kind, stack } = found;
    const { reached, asked, file, direction } = progress;
    const now = await versions(job.context);
    const event: Event =
        file !== undefined
            ? { event: "resume", reached, asked, versions: now }
            : {
                  event: "begin",
                  from: reached,
                  to: direction === undefined ? to : kind.before,
                  budgetSeconds: budget.seconds,
                  versions: now,
              };
    const unwritten = record(job, event);
    if (unwritten !== undefined && !forced && direction !== "back") {
        const back =
            file === undefined
                ? ""
                : `; or roll back: npm run ops -- ${kind.command} abort --yes --stack ${stack.short}`;
        throw new Failure(
            `${kind.command}: ${unwritten}. Nothing was changed: the stack is in phase ${reached}. Make the file writable and run the command again${back}`,
        );
    }
    job.context.note(`Record: ${shownPath(job.file)}`);
}

/** Lock holder name of a recorded cutover. A process that continues the cutover keeps the name. */
export function nameIn(first: Entry | undefined): string | undefined {
    return first && `${first.who} ${first.run}`;
}
