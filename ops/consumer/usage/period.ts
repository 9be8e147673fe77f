import { DAY_MS } from "../../../config/keys/consumers/credentials";

/** The period of the figures; it ends now. */
export interface Period {
    /** Length in the form of the option and of Prometheus: `90m`, `24h`, `7d`. */
    since: string;
    from: Date;
    to: Date;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: DAY_MS };

/** Parses a period. @returns undefined for an invalid text */
export function readPeriod(since: string, now: Date): Period | undefined {
    const [, number, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(since) ?? [];
    if (number === undefined) return undefined;
    return { since, from: new Date(now.getTime() - Number(number) * UNIT_MS[unit]), to: now };
}
