import type { Verdict } from "./readiness";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

export interface Wait {
    /** Name of the awaited object in messages. */
    title: string;
    /** Command that shows the state of the object, for messages. */
    hint: string;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** Time for which the object must stay ready if the data plane cannot confirm it, in seconds. */
    settleSeconds: number;
    /** Reads the state. A failed read is repeated, since a restarting API server answers again by itself. */
    observe: () => Promise<Verdict>;
    /** Possible cause of a failed wait, with a command to run. Called once, before the error is thrown. */
    trouble?: () => Promise<string | undefined>;
    /** Prints progress. Default: to standard output, which Pulumi shows. */
    say?: (text: string) => void;
}

/**
 * Longest time for one read, in seconds, because a dead connection may never answer. A read of thousands of callers takes
 * less.
 */
const LOOK_SECONDS = 120;

/** @throws Error with the object's name, its last state and a command that shows the object */
export async function untilSettled(wait: Wait): Promise<void> {
    const { title, hint, timeoutSeconds, settleSeconds, observe, trouble = async () => undefined } = wait;
    const say = wait.say ?? console.log;
    const errorOf = async (what: string) => new Error([what, await trouble(), hint].filter(Boolean).join(" "));
    const start = Date.now();
    let readySince: number | undefined;
    let failedSince: number | undefined;
    let lastWord = start;
    for (;;) {
        const now = Date.now();
        const verdict = await answerWithin(LOOK_SECONDS, observe()).catch((error: Error): Verdict => ({
            state: "waiting",
            why: String(error.message).split("\n")[0],
        }));
        failedSince = verdict.state === "failed" ? (failedSince ?? now) : undefined;
        const late = now - start > timeoutSeconds * 1000;
        if (verdict.state === "failed" && (late || now - failedSince! >= verdict.finalAfterSeconds * 1000))
            throw await errorOf(`${title}: ${verdict.why}`);
        readySince = verdict.state === "ready" ? (readySince ?? now) : undefined;
        if (verdict.state === "ready" && (verdict.proved || now - readySince! >= settleSeconds * 1000)) {
            if (verdict.unproved)
                say(`${title}: waited ${settleSeconds} s instead of a proof at the gateway: ${verdict.unproved}`);
            return;
        }
        const why = verdict.state === "ready" ? "not settled yet" : verdict.why;
        if (late) throw await errorOf(`${title}: not ready after ${timeoutSeconds} s (${why}).`);
        if (now - lastWord >= 15_000) {
            say(`waiting for ${title}: ${why} (${Math.round((now - start) / 1000)} of ${timeoutSeconds} s)`);
            lastWord = now;
        }
        // Pauses are 0.1 s in the first 2 s, since the ingress controller applies most changes within 0.2 s, and then
        // 0.5 s. After a longer read, for example of a thousand callers, the pause is as long as the read, to spare the
        // API server.
        const took = Date.now() - now;
        const least = now - start < 2000 ? 100 : 500;
        await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(least, took), 5000)));
    }
}

/** Limits the wait for an answer. @throws Error with the limit when it is exceeded */
export async function answerWithin<T>(seconds: number, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000);
    });
    try {
        return await Promise.race([answer, late]);
    } finally {
        clearTimeout(timer);
    }
}
