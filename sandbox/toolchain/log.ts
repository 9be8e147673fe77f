/** Writes progress. Each call is one line, without a line break. */
export type Log = (line: string) => void;

/** Writes progress to stderr, so that the stdout of `sandbox env` and `status --json` contains only results. */
export const stderrLog: Log = (line) => {
    process.stderr.write(`${line}\n`);
};

/** Formats seconds as text, for example `42s` or `3m15s`. */
export function duration(seconds: number): string {
    const whole = Math.round(seconds);
    return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/** Interval of lines about a running step, in milliseconds. */
const REPEAT_MS = 15_000;

/** Runs a step, and writes its name, its duration and what it does at the moment every 15 s. */
export async function shown<T>(log: Log, label: string, detail: () => string, step: () => Promise<T>): Promise<T> {
    const started = Date.now();
    const took = () => `${label} … ${duration((Date.now() - started) / 1000)}`;
    log(`${label} …`);
    const repeat = setInterval(() => log([took(), detail()].filter((part) => part !== "").join(", ")), REPEAT_MS);
    try {
        const result = await step();
        log(took());
        return result;
    } finally {
        clearInterval(repeat);
    }
}
