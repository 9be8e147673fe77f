/** Clock of a conversion, and calls at a given time of it. */

/** How soon a sleep of the machine is detected, in seconds. Also, no timer of Node.js may be longer than 24 days. */
const LOOK_SECONDS = 5;

/**
 * The system's clock, in milliseconds; if it is set back meanwhile, time still moves on, or callers would wait longer.
 * @param steady goes by what was counted since the begin, and stands while the machine is asleep
 */
export function startClock(system = () => Date.now(), steady = () => performance.now()): () => number {
    const begin = system() - steady();
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
