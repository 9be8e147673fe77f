/** Waits with a timeout. The error names the awaited event, and can contain a hint about the cause. */

interface WaitLimits {
    /** Longest wait, in seconds. */
    seconds: number;
    /**
     * Time between two checks, in milliseconds.
     * @default 50: short compared with the start of a process or an HTTP answer, and cheap on a laptop
     */
    everyMilliseconds?: number;
    /** Returns a hint for the error message, for example the last state, or a command that shows the cause. */
    hint?: () => string | Promise<string>;
}

/** Polls `look` until it returns something other than undefined or false. Throws after the timeout. */
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
            throw new Error(`Timed out after ${limits.seconds} s waiting for ${what}.${hint ? ` ${hint}` : ""}`);
        }
        await pause(limits.everyMilliseconds ?? 50);
    }
}

/** Resolves after a time, or at once when the signal is aborted. */
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
