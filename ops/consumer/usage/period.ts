/** The time before now that figures are of. */
export interface Period {
    /** As the operator and Prometheus write it: `90m`, `24h`, `7d`. */
    since: string;
    from: Date;
    to: Date;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @returns undefined for what is no length of time */
export function readPeriod(since: string, now: Date): Period | undefined {
    const [, number, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(since) ?? [];
    if (number === undefined) return undefined;
    return { since, from: new Date(now.getTime() - Number(number) * UNIT_MS[unit]), to: now };
}
