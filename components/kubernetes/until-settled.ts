import type { Verdict } from "./readiness";

// Part of what the state keeps as text for dynamic resources, by the rules of dynamic-resource.ts.

export interface Wait {
    /** Name of the awaited object in messages. */
    title: string;
    /** Command for the operator that shows the state. */
    hint: string;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long it must stay ready where the data plane does not show it, in seconds. */
    settleSeconds: number;
    /** Says how far it is. One that fails is asked again: a restarting API server answers again by itself. */
    look: () => Promise<Verdict>;
    /** Possible cause of a failed wait, and what to run; called once, before the error is thrown. */
    trouble?: () => Promise<string | undefined>;
}

/** Longest time for one look, in seconds: more than one at thousands of callers takes. */
const LOOK_SECONDS = 120;

/** A connection that is dead may never answer, and no wait may be without end. */
function withinTime(look: Promise<Verdict>): Promise<Verdict> {
    return new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`no answer within ${LOOK_SECONDS} s`)), LOOK_SECONDS * 1000);
        look.then(resolve, reject).finally(() => clearTimeout(limit));
    });
}

/** @throws Error naming what was waited for, how far it came, and how to look */
export async function untilSettled(wait: Wait): Promise<void> {
    const { title, hint, timeoutSeconds, settleSeconds, look, trouble = async () => undefined } = wait;
    const told = async (what: string) => new Error([what, await trouble(), hint].filter(Boolean).join(" "));
    const start = Date.now();
    let readySince: number | undefined;
    let failedSince: number | undefined;
    let lastWord = start;
    for (;;) {
        const now = Date.now();
        const verdict = await withinTime(look()).catch((error: Error): Verdict => ({
            state: "waiting",
            why: String(error.message).split("\n")[0],
        }));
        failedSince = verdict.state === "failed" ? (failedSince ?? now) : undefined;
        const late = now - start > timeoutSeconds * 1000;
        if (verdict.state === "failed" && (late || now - failedSince! >= verdict.finalAfterSeconds * 1000))
            throw await told(`${title}: ${verdict.why}`);
        readySince = verdict.state === "ready" ? (readySince ?? now) : undefined;
        if (verdict.state === "ready" && (verdict.proved || now - readySince! >= settleSeconds * 1000)) {
            if (verdict.unproved)
                console.log(
                    `${title}: waited ${settleSeconds} s instead of a proof at the gateway: ${verdict.unproved}`,
                );
            return;
        }
        const why = verdict.state === "ready" ? "not settled yet" : verdict.why;
        if (late) throw await told(`${title}: not ready after ${timeoutSeconds} s (${why}).`);
        if (now - lastWord >= 15_000) {
            console.log(`waiting for ${title}: ${why} (${Math.round((now - start) / 1000)} of ${timeoutSeconds} s)`);
            lastWord = now;
        }
        // 0.1 s at first: the ingress controller passes most changes on within 0.2 s. Then 0.5 s after a small read. A look
        // at a thousand callers is work for the API server, which has the controller to serve: a fifth of the time at most.
        const took = Date.now() - now;
        const least = now - start < 2000 ? 100 : 500;
        await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(least, 4 * took), 5000)));
    }
}
