/**
 * Longest time between two SIGINT of one Ctrl-C, in milliseconds: the terminal sends one to each process in the foreground,
 * and `npx` or npm's shell forwards the one that it gets.
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
