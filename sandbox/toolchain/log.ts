/** Where progress goes: one finished line per call, without a line break. */
export type Log = (line: string) => void;

/** Progress goes to stderr, so that `sandbox env` and `status --json` keep a clean stdout. */
export const stderrLog: Log = (line) => {
    process.stderr.write(`${line}\n`);
};

/** Seconds as people say them: `42s`, `3m15s`. */
export function duration(seconds: number): string {
    const whole = Math.round(seconds);
    return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/** How often a long step says that it is still alive, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Runs `step`; while it lasts, repeats `label … elapsed, detail()` every 15 s. */
export async function withHeartbeat<T>(
    log: Log,
    label: string,
    detail: () => string | undefined,
    step: () => Promise<T>,
): Promise<T> {
    const started = Date.now();
    const timer = setInterval(() => {
        const extra = detail();
        log(`${label} … ${duration((Date.now() - started) / 1000)}${extra ? `, ${extra}` : ""}`);
    }, HEARTBEAT_MS);
    try {
        return await step();
    } finally {
        clearInterval(timer);
    }
}
