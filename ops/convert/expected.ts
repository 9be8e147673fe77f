/** Expected times of steps: measured times, else the defaults of docs/operate/convert.md. */
import { DEFAULT_HOST_WAITS } from "../../config/keys/convert";
import type { Conversion } from "./audit";
import type { Expected } from "./clock";
import { BEFORE, type Place } from "./phases";
import { readNumber, readValue } from "../stack/stack-file";

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
export function expectedTimes(answerSeconds: number): Expected {
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
        [`back to ${BEFORE}`]: 180,
    };
}

/** Longest time that Kubernetes and the gateway need in a step, in addition to that of the hosts, in seconds. */
const OTHERS_SECONDS = 900;

/**
 * How long one step of a rollback to intra-a may take, in seconds: the sum of all its timeouts. The hosts free their GPUs
 * and start Ray one after the other. Then Alpa must answer.
 */
export function patience(text: string, answerSeconds: number): number {
    const of = (key: keyof typeof DEFAULT_HOST_WAITS) =>
        readNumber(text, "convert", "bareMetal", key) ?? DEFAULT_HOST_WAITS[key];
    const [start, stop] = [of("startTimeoutSeconds"), of("stopTimeoutSeconds")];
    const hosts = readValue(text, "convert", "bareMetal", "hosts");
    const count = Array.isArray(hosts) ? hosts.length : 1;
    return answerSeconds + count * (start + 2 * stop) + start + OTHERS_SECONDS;
}

/** Steps during which callers get 503, in order. The stack keeps their times, in whole seconds. */
const KEPT = ["drain", "stop", "start", "verify", "switch"] as const;

/** Times that the stack keeps after the last step. */
export function timesToKeep(conversions: Conversion[]): Expected {
    const times = measured(conversions);
    const kept = KEPT.filter((step) => times[step] !== undefined);
    return Object.fromEntries(kept.map((step) => [step, Math.ceil(times[step])]));
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
