/** Expected times of steps, as measured earlier. */
import type { Conversion } from "./audit";
import type { Expected } from "./clock";
import type { Place } from "./phases";

/** Of the last so many the longest time counts: one lucky step must not shorten the way back. */
const LOOK_BACK = 3;

/** Longest measured time of each step in the last ones that have it, in seconds. */
export function measured(conversions: Conversion[]): Expected {
    const found: Expected = {};
    const times = new Map<string, number>();
    for (const { entries } of [...conversions].reverse()) {
        const own: Expected = {};
        const begun = new Map<string, number>();
        let reached: Place | undefined;
        let again = false;
        for (const entry of entries) {
            if (entry.event === "begin") reached = entry.from;
            if (entry.event === "resume") reached = entry.reached;
            if (entry.event === "step") {
                begun.set(entry.step, (begun.get(entry.step) ?? 0) + 1);
                again = entry.to === reached;
            }
            if (entry.event !== "step-end" || entry.outcome !== "done") continue;
            reached = entry.to;
            // A place that is brought about again takes a part of its time, as does a step gone on with after a crash or a failure.
            if (again || begun.get(entry.step) !== 1) continue;
            // A clock that was set back says nothing.
            if (entry.seconds > 0) own[entry.step] = entry.seconds;
        }
        for (const [step, seconds] of Object.entries(own)) {
            const seen = times.get(step) ?? 0;
            if (seen >= LOOK_BACK) continue;
            times.set(step, seen + 1);
            found[step] = Math.max(found[step] ?? 0, seconds);
        }
    }
    return found;
}
