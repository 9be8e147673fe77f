/** Time limits of routes and upstreams, for example `600s`. */
import { map, secondsOf } from "../../../policy/resources/values";
import { changedFields } from "./differences";
import type { Verdict } from "./rule";

/** @param title text before the name of the limit in each finding @param at path of the limits in the resource */
export function timeoutVerdicts(title: string, at: string, old: unknown, now: unknown): Verdict[] {
    const [before, after] = [map(old), map(now)];
    return changedFields(before, after).map((key) =>
        timeoutVerdict(`${title}${key} `, `${at}.${key}`, before[key], after[key]),
    );
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

/** Seconds of a number or a text; undefined if it is invalid. */
const seconds = (value: unknown) => (typeof value === "number" ? value : secondsOf(value));
