/**
 * One Ctrl-C can cause two SIGINT signals, because the terminal sends SIGINT to every process in the foreground, and `npx`
 * or npm's shell also forwards its signal. Two signals within this time, in milliseconds, count as one Ctrl-C.
 */
const ONE_PRESS_MS = 500;

/**
 * Returns a listener for SIGINT that calls `press` once for each Ctrl-C.
 * @param now steady clock, in milliseconds @default `performance.now`
 */
export function oncePerPress(press: () => void, now = () => performance.now()): () => void {
    let last = -Infinity;
    return () => {
        const at = now();
        const again = at - last <= ONE_PRESS_MS;
        last = at;
        if (!again) press();
    };
}
