/** Time limits of routes and upstreams, for example `600s`. */
import { isMap } from "./differences";
import type { Verdict } from "./rule";

/** Seconds in each unit that the ingress controller accepts. */
const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** @param title start of each sentence @param at path of the limits */
export function timeoutVerdicts(title: string, at: string, old: unknown, now: unknown): Verdict[] {
    const [before, after] = [isMap(old) ? old : {}, isMap(now) ? now : {}];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
        const [from, to] = [before[key], after[key]];
        if (JSON.stringify(from) === JSON.stringify(to)) return [];
        return [timeoutVerdict(`${title}${key} `, `${at}.${key}`, from, to)];
    });
}

/** Verdict about one time limit. A missing value means APISIX's default, which is not known here. */
export function timeoutVerdict(title: string, property: string, old: unknown, now: unknown): Verdict {
    const [from, to] = [seconds(old), seconds(now)];
    const sides = { property, old, new: now };
    if (from === undefined || to === undefined)
        return {
            code: "timeout-lowered",
            severity: "risk",
            says: `${title}time limit changes, from ${said(old)} to ${said(now)}`,
            ...sides,
        };
    const lower = to < from;
    return {
        code: lower ? "timeout-lowered" : "timeout-raised",
        says: `${title}time limit: ${said(old)} becomes ${said(now)}`,
        ...sides,
    };
}

function said(value: unknown): string {
    return value === undefined ? "the default" : typeof value === "number" ? `${value} s` : String(value);
}

/** Parses a time; undefined if it is invalid. */
export function seconds(value: unknown): number | undefined {
    if (typeof value === "number") return value;
    if (typeof value !== "string") return undefined;
    const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    if (parts.length === 0 || parts.map(([all]) => all).join("") !== value) return undefined;
    return parts.reduce((sum, [, n, unit]) => sum + Number(n) * SECONDS[unit], 0);
}
