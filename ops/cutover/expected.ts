/** Expected times of steps: measured ones where there are any, else those of docs/operate/convert.md. */
import type { Conversion } from "./audit";
import type { Expected } from "./clock";
import type { Before, Place } from "./phases";

/** The longest of this many measured times is used: one fast step must not shorten the time reserved for a return. */
const LOOK_BACK = 3;

/** OPT-66B is 132 GB, at 200 MB/s 11 minutes; and one for processes or pods to start. */
const LOAD_SECONDS = 720;
/** systemd kills a unit after 90 s, and pods are killed earlier; 30 s more until the GPUs are seen free. */
const STOP_SECONDS = 120;

/**
 * Seconds for each step that was never measured. With them the way there and the longest way back fit into the default budget.
 * @param answerSeconds longest time for one answer: running ones are let end before what gives them is stopped
 */
export function expectedTimes(answerSeconds: number, before: Before): Expected {
    return {
        prepare: 900,
        drain: 60,
        stop: answerSeconds + STOP_SECONDS,
        start: LOAD_SECONDS,
        verify: 120,
        switch: 60,
        done: 60,
        "back to switch": 60,
        "back to verify": 60,
        "back to start": 60,
        // Before callers are admitted, only the verifier's short questions run; if Alpa hangs, they last the longest
        // answer time too.
        "back to stop": answerSeconds + STOP_SECONDS,
        "back to drain": LOAD_SECONDS,
        "back to prepare": 60,
        [`back to ${before}`]: 180,
    };
}

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
            // A repeated step, or one continued after a crash or a failure, takes only a part of its time.
            if (again || begun.get(entry.step) !== 1) continue;
            // Ignores times of a clock that was set back.
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
