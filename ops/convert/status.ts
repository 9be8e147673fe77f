/** `convert status`: shows how far a conversion is, from the stack's outputs, the stack file and the record. */
import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { json, shownPath } from "../output";
import { duration, latestEnd, remainingForward } from "./clock";
import { userAndHost } from "./lock/holder";
import { whoAmI } from "./identity";
import { holderOf, type Held } from "./lock/lock";
import { BEFORE, TARGET, isDown, nameOf, type Direction, type Place } from "./phases";
import { readState, type FoundConversion } from "./read-state";
import { nameIn } from "./carry-out";
import { noteOtherPhase } from "./report";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("status"))),
        "convert status --stack intra",
        "convert status --json",
    )
        .description("Show the phase of a conversion, since when callers get 503, and the next step")
        .action((args) => status(context, args));

/** Prints how far the conversion is. */
export async function status(context: Context, args: { stack?: string; json?: boolean }): Promise<void> {
    const found = await readState(context, args.stack);
    const { progress, stack, budget } = found;
    const holder = holderOf(context.folder, stack.short);
    const now = Date.now();
    const others = othersName(found, now);
    const down = isDown(progress.reached) || progress.downSince !== undefined;
    const elapsed = progress.downSince === undefined ? undefined : (now - progress.downSince) / 1000;
    const next = progress.next[0];
    const limit = next?.direction === "forward" ? latestEnd(next, budget) : undefined;
    const facts = {
        stack: stack.short,
        state: stateOf(progress.direction, holder, others),
        option: progress.asked === BEFORE ? BEFORE : TARGET,
        reached: progress.reached,
        asked: progress.asked,
        direction: progress.direction ?? null,
        why: progress.why ?? null,
        step: progress.open ?? null,
        next: progress.next.map(nameOf),
        callers: down ? "get 503" : "served",
        downSeconds:
            down && elapsed !== undefined
                ? Math.round(elapsed + progress.downSeconds)
                : Math.round(progress.downSeconds),
        secondsUntilReturn: limit === undefined || elapsed === undefined ? null : Math.round(limit - elapsed),
        holder: holder ?? null,
        clusterHolder: found.holder ?? null,
        record: progress.file === undefined ? null : shownPath(progress.file),
    };
    noteOtherPhase(context, found);
    if (args.json) return context.out(json(facts));
    const text =
        progress.direction === undefined && others === undefined
            ? settled(stack.short, progress.reached)
            : lines(found, facts, others);
    text.forEach((line) => context.out(line));
}

/**
 * `settled`: no conversion is in progress. `running`: a process of this clone runs it. `elsewhere`: the cluster names another
 * user, machine or clone as lock holder, whose process may no longer exist. `interrupted`: no known process runs it.
 */
type State = "settled" | "running" | "elsewhere" | "interrupted";

/** @param holder lock holder in this clone @param others result of {@link othersName} */
function stateOf(direction: Direction | undefined, holder: Held | undefined, others: string | undefined): State {
    if (direction !== undefined && holder !== undefined) return "running";
    if (others !== undefined) return "elsewhere";
    return direction === undefined ? "settled" : "interrupted";
}

/** The lock holder in the cluster, if it is another user, machine or clone: this clone then has no open record of its own. */
function othersName({ holder, conversions, progress }: FoundConversion, now: number): string | undefined {
    if (holder === undefined || !(Date.parse(holder.until) > now)) return undefined;
    const who = userAndHost(holder);
    const isEnded =
        progress.file === undefined && conversions.some(({ entries }) => nameIn(entries[0]) === holder.name);
    if (isEnded || (who === whoAmI() && progress.file !== undefined)) return undefined;
    return `${holder.name.startsWith(`${who} `) ? holder.name : who}, until ${holder.until}`;
}

type Facts = {
    state: State;
    step: string | null;
    callers: string;
    downSeconds: number;
    secondsUntilReturn: number | null;
} & {
    holder: { who: string; pid: number; host: string } | null;
    record: string | null;
};

function lines({ progress, stack, budget }: FoundConversion, facts: Facts, others: string | undefined): string[] {
    const { reached, asked, direction, why } = progress;
    const ops = (verb: string) => `npm run ops -- convert ${verb} --stack ${stack.short}`;
    const way =
        direction === "back" ? `rolling back to ${BEFORE}${why ? ` (${why})` : ""}` : `in progress to ${TARGET}`;
    const isUnknown = progress.file === undefined && others !== undefined;
    const text = [
        isUnknown
            ? `${stack.short}: this clone has no record of the conversion. Reached: ${reached}.`
            : `${stack.short}: ${way}. Reached: ${reached}${asked === reached ? "" : `; requested but not reached: ${asked}`}.`,
    ];
    if (facts.step !== null)
        text.push(`Step ${facts.step} ${facts.state === "interrupted" ? "was interrupted before its end" : "runs"}.`);
    text.push(`Callers: ${facts.callers}${facts.downSeconds > 0 ? `, ${duration(facts.downSeconds)} in all` : ""}.`);
    if (facts.secondsUntilReturn !== null)
        text.push(
            facts.secondsUntilReturn > 0
                ? `If the next step does not end in ${duration(facts.secondsUntilReturn)}, the conversion rolls back by itself. The remaining steps are expected to take ${duration(remainingForward(reached, budget.expected))}.`
                : `It is too late to continue. To roll back to ${BEFORE}, run: ${ops("run --yes")}`,
        );
    if (facts.record !== null) text.push(`Record: ${facts.record}`);
    if (facts.holder !== null) {
        const { who, pid, host } = facts.holder;
        return [...text, `Running: ${who}, pid ${pid} on ${host}. To roll back: ${ops("abort --yes")}`];
    }
    if (others !== undefined)
        return [
            ...text,
            `No process of this clone runs the conversion. The lock holder in the cluster is another machine or clone: ${others}. If its process is gone: ${ops("run --yes --take-over")}`,
        ];
    return [
        ...text,
        `No process runs the conversion. Continue: ${ops("run --yes")}; or roll back: ${ops("abort --yes")}`,
    ];
}

/** Text if no conversion is in progress. */
function settled(stack: string, reached: Place): string[] {
    return [
        `${stack}: option ${reached === BEFORE ? BEFORE : TARGET}${reached === "prepare" ? ", prepared, with Alpa still on bare metal" : ""}; no conversion is under way.`,
        `Next: npm run ops -- convert plan --stack ${stack}`,
    ];
}
