/** Begins or continues a cutover, and carries it out to its end. */
import { basename, relative } from "node:path";
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import type { Stack } from "../../stack/stack";
import { cutoverActions, leaveStack, record, type CutoverJob } from "../actions";
import { newFile, records, type Entry, type Event } from "../audit";
import { heldByAnother, type Verdict } from "../checks";
import { nameToBe, startBeat } from "../holder";
import { versions, whoAmI } from "../identity";
import type { Kind } from "../kind";
import { takeLock } from "../lock";
import { listen } from "../orders";
import type { CutoverState } from "../read-state";
import { CutoverRunner } from "../runner";
import { progressOf } from "../state";
import { ProgressDisplay } from "./progress";
import type { Ended } from "./report";

/** What a command has decided to do. */
export interface Task {
    found: CutoverState;
    /** Target of the cutover. */
    to: Extract<Event, { event: "begin" }>["to"];
    takeOver?: boolean;
    /** A cutover that goes forward is to return. */
    forced: boolean;
    /** Problems that prevent it from beginning. @param holder name of the lock holder */
    verdict(holder: string): Promise<Verdict>;
    /** Additional data for its record. */
    begin?: Pick<Extract<Event, { event: "begin" }>, "change">;
}

/** @param decide returns the task; undefined: there is none @returns the outcome; undefined: there was no task */
export async function carryOut(
    context: Context,
    words: Pick<Kind, "command" | "before">,
    stack: Stack,
    decide: () => Promise<Task | undefined>,
): Promise<Ended | undefined> {
    const release = takeLock(context.folder, stack.short, { who: whoAmI(), command: words.command }, new Date());
    const orders = listen(context, words, stack);
    try {
        const task = await decide();
        if (task === undefined) return undefined;
        const { found, forced, to } = task;
        const { kind, budget, cluster } = found;
        const job = await begin(context, task, orders.interrupted);
        const known = records({ folder: context.folder, kind: kind.folder }, stack.short);
        const progress = progressOf(kind.seen(found.stack, found.outputs, known), known, kind.before);
        if (forced) orders.turn("it was asked for");
        const runner = new CutoverRunner(kind, progress, budget, cutoverActions(job), orders);
        const stopBeat = startBeat(cluster, job.holder, job.who);
        const ended = await runner.go().finally(stopBeat);
        if (ended.outcome === "returned") await leaveStack(job);
        return { ...ended, to: forced ? kind.before : to, stack: stack.short, file: job.file };
    } finally {
        orders.end();
        release();
    }
}

/** Records that it begins, or continues. @throws UsageError with all problems */
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
        rest: kind.restOf(stack.text),
        text: stack.text,
        callers: stack.callers,
        answerSeconds,
        display: new ProgressDisplay(context, kind),
    };
    await writeBegin(job, task);
    return job;
}

/** Its name in the cluster's record. */
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

/** @returns what is to be noted @throws UsageError with all problems that prevent it */
async function notesOf({ found, verdict }: Task, holder: string): Promise<string[]> {
    const begins = found.progress.direction === undefined;
    const { problems, notes } = begins ? await verdict(holder) : { problems: [], notes: [] };
    if (!begins) problems.push(...heldByAnother(found, holder, new Date()));
    if (problems.length > 0) throw new UsageError(problems);
    return notes;
}

/** @throws Failure if it cannot be written, except where a return continues */
async function writeBegin(job: CutoverJob, { found, to, forced, begin }: Task): Promise<void> {
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
                  ...begin,
                  versions: now,
              };
    const unwritten = record(job, event);
    if (unwritten !== undefined && !forced && direction !== "back") {
        const back =
            file === undefined ? "" : `; or return: npm run ops -- ${kind.command} abort --yes --stack ${stack.short}`;
        throw new Failure(
            `${kind.command}: ${unwritten}. Nothing was changed: the stack is at ${reached}. Correct that and run the command again${back}`,
        );
    }
    job.context.note(`Record: ${relative(process.cwd(), job.file)}`);
}

/** The holder name of the recorded one in the cluster, which a continuing process keeps. */
function nameIn(first: Entry | undefined): string | undefined {
    return first && `${first.who} ${first.run}`;
}
