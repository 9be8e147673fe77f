/** Durations in the format of Go: "8760h", "1h30m", "1.5h". */

const SECONDS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** Longest duration in seconds: Go counts nanoseconds in 63 bits. */
const LONGEST = 2 ** 63 / 1e9;

/** Parses a duration. @returns seconds; undefined if the text is not a duration */
export function goDuration(text: string): number | undefined {
    const parts = [...text.matchAll(PART)];
    if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
    const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit], 0);
    return seconds < LONGEST ? seconds : undefined;
}
