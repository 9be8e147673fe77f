/** State of a conversion, from the stack's outputs, the stack file and the record. Pure. */
import type { Answer } from "./service/answers";
import { isOver, type Conversion } from "./audit";
import {
    BEFORE,
    backFrom,
    closesWindow,
    forwardAnew,
    forwardFrom,
    isDown,
    opensWindow,
    positionOf,
    type Direction,
    type Place,
    type Step,
} from "./phases";

/** State of a conversion, as the stack's outputs and the stack file show it. */
export interface Seen {
    /** The last phase that a `pulumi up` has completely reached, from the stack's outputs. */
    reached: Place;
    /** The phase in the stack file. It differs from `reached` during a step and after a failed step. */
    asked: Place;
    /** Id of the conversion in progress, from its record. */
    run?: string;
    /** When the reached phase began, from the outputs. */
    since?: string;
}

/** State of the conversion in progress, if there is one. */
export interface ConversionProgress extends Seen {
    /** Unset if no conversion is in progress, so the stack is before the first phase or after the last. */
    direction?: Direction;
    /** Why a conversion that began forward is rolled back. */
    why?: string;
    /** File of the record. Unset if there is no record, or if its conversion is over. */
    file?: string;
    /** Since when callers get 503, in milliseconds. */
    downSince?: number;
    /** Seconds of earlier periods with 503s in the same conversion. */
    downSeconds: number;
    /** Answers of bare metal, recorded before it was stopped. */
    answers?: Answer[];
    /** Remaining steps, in the order in which `run` does them. */
    next: Step[];
    /** The step without an end in the record: it was interrupted, or is running now. */
    open?: string;
}

/** @param conversions records of the stack, oldest first */
export function progressOf(seen: Seen, conversions: Conversion[]): ConversionProgress {
    const last = conversions.at(-1);
    const { reached, asked } = seen;
    if (last === undefined || isOver(last)) return withoutRecord(seen);
    const progress: ConversionProgress = { ...seen, file: last.file, direction: "forward", downSeconds: 0, next: [] };
    let begun: Step | undefined;
    let done = true;
    for (const entry of last.entries) {
        const at = Date.parse(entry.time);
        progress.run = entry.run;
        if (entry.event === "begin") progress.direction = entry.to === BEFORE ? "back" : "forward";
        else if (entry.event === "return") [progress.direction, progress.why] = ["back", entry.why];
        else if (entry.event === "answers") progress.answers = entry.answers;
        else if (entry.event === "step") {
            begun = { direction: entry.direction, to: entry.to };
            [progress.open, done] = [entry.step, false];
            if (opensWindow(begun)) progress.downSince ??= at;
        } else if (entry.event === "step-end") {
            delete progress.open;
            if (entry.outcome === "failed") continue;
            done = true;
            if (!closesWindow(entry) || progress.downSince === undefined) continue;
            progress.downSeconds += (at - progress.downSince) / 1000;
            delete progress.downSince;
        }
    }
    // A rollback can begin days after the conversion. It uses the answers that the last conversion recorded.
    if (progress.direction === "back") progress.answers ??= lastAnswers(conversions);
    // Another clone may have taken over and returned, which this record does not show.
    if (reached === BEFORE) delete progress.downSince;
    // If the operator changed the phase by hand, the record does not show when the 503s began. The outputs show it.
    if (isDown(reached)) progress.downSince ??= seen.since === undefined ? undefined : Date.parse(seen.since);
    // A step that was applied but not verified runs again, which only verifies it. After a change of direction it does not.
    const proved = done || begun?.to !== reached || begun.direction !== progress.direction;
    progress.next =
        progress.direction === "forward"
            ? [
                  ...(proved || reached === BEFORE ? [] : [{ direction: "forward", to: reached } as Step]),
                  ...(proved && progress.answers === undefined ? forwardAnew(reached) : forwardFrom(reached)),
              ]
            : backPath(reached, asked, { isProved: proved });
    return progress;
}

function lastAnswers(conversions: Conversion[]): Answer[] | undefined {
    const all = conversions.flatMap(({ entries }) => entries);
    return all.flatMap((entry) => (entry.event === "answers" ? [entry.answers] : [])).at(-1);
}

/** Remaining steps of a rollback. @param isProved whether the reached phase was verified */
export function backPath(reached: Place, asked: Place, { isProved } = { isProved: true }): Step[] {
    const ahead = positionOf(asked) > positionOf(reached);
    return backFrom(reached, { isHalfWay: ahead || !isProved });
}

/**
 * Progress of a stack without a record. In `prepare` a new conversion can begin, because bare metal still serves callers
 * and its answers can be recorded. In the phases between `prepare` and `done`, only a rollback is safe. In `done` the new
 * service serves callers: if the stack file has another phase, it is probably of an old commit, so nothing rolls back.
 */
function withoutRecord(seen: Seen): ConversionProgress {
    const { reached, asked, since } = seen;
    const settled = reached === "done" || (reached === asked && [BEFORE, "prepare"].includes(reached));
    const progress: ConversionProgress = { ...seen, downSeconds: 0, next: [] };
    if (settled) return progress;
    const downSince = isDown(reached) && since !== undefined ? Date.parse(since) : undefined;
    const why = "there is no record of the earlier steps";
    return { ...progress, direction: "back", why, downSince, next: backPath(reached, asked) };
}
