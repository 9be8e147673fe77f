/** Expected times of steps: measured times, else the defaults of docs/operate/convert.md. */
import type { Conversion } from "./audit";
import type { Expected } from "./clock";
import type { Before, Place } from "./phases";

/** The longest of this many measured times is used: one fast step must not shorten the time reserved for a rollback. */
const LOOK_BACK = 3;

/** 11 minutes to load OPT-66B, 132 GB at 200 MB/s, and 1 minute for processes or pods to start. */
const LOAD_SECONDS = 720;
/** systemd kills a unit after 90 s, and pods end earlier. The check sees free GPUs up to 30 s later. */
const STOP_SECONDS = 120;

/**
 * Default seconds of each step without a measured time. With these defaults, all forward steps and the longest rollback fit
 * into the default budget.
 * @param answerSeconds longest time for one answer: Alpa is stopped after the requests in progress
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
        // Before `switch` Alpa gets only the verifier's short questions. But if Alpa hangs, even a short question runs
        // until the answer timeout.
        "back to stop": answerSeconds + STOP_SECONDS,
        "back to drain": LOAD_SECONDS,
        "back to prepare": 60,
        [`back to ${before}`]: 180,
    };
}

/** Longest time of each step in its last {@link LOOK_BACK} measurements, in seconds. */
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
            // Only steps that succeeded at the first try count: a repeated step, or one that continues after a crash, takes
            // less time.
            if (again || begun.get(entry.step) !== 1) continue;
            // The time is zero or negative if the clock was set back.
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
