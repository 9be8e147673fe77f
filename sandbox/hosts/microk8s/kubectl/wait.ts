/** Waits that end when their caller disconnects. */
import { pause } from "../../../processes";

/** Poll interval in milliseconds. */
const LOOK_MILLISECONDS = 50;

/** Polls until `look` returns a value. Returns undefined after the timeout, or when the caller has disconnected. */
export async function until<T>(
    look: () => Promise<T | undefined>,
    milliseconds: number,
    signal: AbortSignal,
): Promise<T | undefined> {
    const end = Date.now() + milliseconds;
    for (;;) {
        const found = await look();
        if (found !== undefined || signal.aborted || Date.now() >= end) return found;
        await pause(Math.min(LOOK_MILLISECONDS, Math.max(end - Date.now(), 1)), signal);
    }
}

/** Converts durations such as `90s`, `1m30s` and `0` into milliseconds. Undefined for invalid text. */
export function durationOf(text: string): number | undefined {
    if (text === "0") return 0;
    const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    if (!/^-?(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
    const total = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
        (sum, [, n, unit]) => sum + Number(n) * units[unit],
        0,
    );
    return text.startsWith("-") ? -total : total;
}
