/** Clock of a conversion, and calls at a given time of it. */

/** How soon it is seen that the machine was asleep, in seconds; and no timer of Node's may be longer than 24 days. */
const LOOK_SECONDS = 5;

/**
 * The system's clock, in milliseconds; one that is set back meanwhile goes on as before, or callers would wait longer.
 * @param steady goes by what was counted since the begin, and stands while the machine is asleep
 */
export function startClock(system = () => Date.now(), steady = () => performance.now()): () => number {
    const begin = system() - steady();
    return () => Math.max(system(), Math.round(begin + steady()));
}

/** Calls at an instant, unless the function it returns was called before. */
export function callAt(now: () => number, instant: number, call: () => void, lookSeconds = LOOK_SECONDS): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
        timer = setTimeout(look, Math.min(Math.max(0, instant - now()), lookSeconds * 1000));
    };
    const look = () => (now() < instant ? wait() : call());
    wait();
    return () => clearTimeout(timer);
}
