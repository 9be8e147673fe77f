/** Clock of a conversion, and function calls at a given time. */

/** Longest timer, in seconds: short enough to notice a sleep of the machine, and below the limit of Node.js, 24 days. */
const LOOK_SECONDS = 5;

/**
 * Returns a clock in milliseconds that goes forward even if the system's clock is set back. Otherwise a rollback would begin
 * too late, and callers would get 503 for longer.
 * @param earliest time at which the clock starts if the system's clock is behind it, for example on another machine
 * @param steady a monotonic clock, which stops while the machine sleeps
 */
export function startClock(
    earliest: number,
    system = () => Date.now(),
    steady = () => performance.now(),
): () => number {
    const begin = Math.max(system(), earliest) - steady();
    return () => Math.max(system(), Math.round(begin + steady()));
}

/** Calls a function at an instant, unless the returned function was called before. */
export function callAt(now: () => number, instant: number, call: () => void, lookSeconds = LOOK_SECONDS): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
        timer = setTimeout(look, Math.min(Math.max(0, instant - now()), lookSeconds * 1000));
    };
    const look = () => (now() < instant ? wait() : call());
    wait();
    return () => clearTimeout(timer);
}
