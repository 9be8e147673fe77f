/** Interval of the checks whether the parent process still runs, in milliseconds. */
const LOOK_MS = 250;

/**
 * Calls `gone` once when the parent process has ended. The engine stops its plugins when it ends, but not when it is killed. A
 * plugin that outlives the engine would keep programs and connections alive.
 */
export function whenParentGone(gone: () => void): void {
    const parent = process.ppid;
    const timer = setInterval(() => {
        if (process.ppid === parent) return;
        clearInterval(timer);
        gone();
    }, LOOK_MS);
    timer.unref();
}
