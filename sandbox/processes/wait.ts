/** Waiting with an end. Every wait in the sandbox says what it waited for and how to look. */

export interface WaitLimits {
    /** Longest wait, in seconds. */
    seconds: number;
    /**
     * Pause between two checks, in milliseconds.
     * @default 50: short compared with the awaited event (a process, an HTTP answer), cheap on a laptop
     */
    everyMilliseconds?: number;
    /** Told in the error when the time is over: what was seen last, where to look. */
    hint?: () => string | Promise<string>;
}

/** Asks `look` until it returns something other than undefined or false; throws once the time is over. */
export async function waitFor<T>(
    what: string,
    look: () => Promise<T | undefined | false> | T | undefined | false,
    limits: WaitLimits,
): Promise<T> {
    const deadline = Date.now() + limits.seconds * 1000;
    for (;;) {
        const found = await look();
        if (found !== undefined && found !== false) return found;
        if (Date.now() >= deadline) {
            const hint = limits.hint ? await limits.hint() : "";
            throw new Error(`${what}: must happen within ${limits.seconds} s (it did not).${hint ? ` ${hint}` : ""}`);
        }
        await pause(limits.everyMilliseconds ?? 50);
    }
}

/** Resolves after so long, or at once when the signal is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = () => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", done);
            resolve();
        };
        const timer = setTimeout(done, milliseconds);
        signal?.addEventListener("abort", done);
    });
}
