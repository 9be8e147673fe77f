/** Changes of single rules in a ruleset at Cloudflare, which identifies them by `ref`. */
import { isDeepStrictEqual } from "node:util";
import { isMap, mapsOf, type Tree } from "../../../../policy/resources/values";
import { changedFields } from "../differences";
import type { Verdict } from "../rule";

/**
 * @param title name of the rules for messages
 * @param old rules before the change
 * @param now rules after the change; undefined if there are none
 */
export function edgeRuleVerdicts(title: string, old: unknown, now: unknown): Verdict[] {
    const [before, after] = [byRef(old), byRef(now)];
    const verdicts: Verdict[] = [];
    for (const [ref, rule] of before) {
        const next = after.get(ref);
        const property = `rules[${ref}]`;
        if (next === undefined) verdicts.push({ ...goes(title, rule), property, old: rule });
        else verdicts.push(...changes(title, property, rule, next));
    }
    for (const [ref, rule] of after)
        if (!before.has(ref)) verdicts.push({ ...comes(title, rule), property: `rules[${ref}]`, new: rule });
    const kept = (all: Map<string, Tree>, other: Map<string, Tree>) => [...all.keys()].filter((ref) => other.has(ref));
    // The first matching rule decides, so the order matters.
    if (!isDeepStrictEqual(kept(before, after), kept(after, before)))
        verdicts.push({
            code: "route-changed",
            says: `${title} are evaluated in another order`,
            property: "rules",
            old: [...before.keys()],
            new: [...after.keys()],
        });
    return verdicts;
}

function byRef(value: unknown): Map<string, Tree> {
    return new Map(mapsOf(value).map((rule, i) => [String(rule.ref ?? rule.id ?? i), rule]));
}

const isOn = ({ enabled }: Tree) => enabled !== false;
const isLimit = ({ ratelimit }: Tree) => isMap(ratelimit);
/** Whether a rule exempts requests from other checks of the edge. */
const isSkip = ({ action }: Tree) => action === "skip";
/** Whether a rule blocks requests, or sends a challenge that a program cannot solve. */
const refuses = ({ action }: Tree) => action === "block" || /challenge$/.test(String(action));

function comes(title: string, rule: Tree): Verdict {
    if (!isOn(rule)) return { code: "changed-inside", says: `${title}: one more rule, which is disabled` };
    if (isLimit(rule))
        return {
            code: "request-rejected",
            says: "The edge now limits the rate of requests, which it did not before",
        };
    if (refuses(rule)) return { code: "request-rejected", says: `${title}: the edge rejects more requests` };
    if (isSkip(rule)) return { code: "protection-weakened", says: `${title}: the edge checks fewer requests` };
    return { code: "route-changed", says: `${title}: a rule is added that changes what the edge does with requests` };
}

function goes(title: string, rule: Tree): Verdict {
    if (!isOn(rule)) return { code: "changed-inside", says: `${title}: a disabled rule is removed` };
    if (isLimit(rule)) return { code: "limit-removed", says: "The edge no longer limits the rate of requests" };
    if (refuses(rule)) return { code: "protection-weakened", says: `${title}: the edge rejects fewer requests` };
    if (isSkip(rule))
        return {
            code: "request-rejected",
            says: "The edge checks for browsers again: it rejects some client libraries",
        };
    return { code: "route-changed", says: `${title}: a rule is removed that changed what the edge does with requests` };
}

/** Fields without an effect on requests. */
const NOTES = ["ref", "id", "description", "version", "lastUpdated", "logging"];

function changes(title: string, property: string, old: Tree, now: Tree): Verdict[] {
    if (isOn(old) !== isOn(now)) {
        const sides = { property: `${property}.enabled`, old: isOn(old), new: isOn(now) };
        return [
            { ...(isOn(now) ? comes(title, now) : goes(title, old)), ...sides },
            ...(isLimit(old) && isLimit(now) ? rates(property, old, now) : []),
        ];
    }
    const keys = changedFields(old, now).filter((key) => !["enabled", "ratelimit", ...NOTES].includes(key));
    const both = isLimit(old) && isLimit(now);
    const verdicts = [
        ...(both
            ? rates(property, old, now)
            : isLimit(now)
              ? [comes(title, now)]
              : isLimit(old)
                ? [goes(title, old)]
                : []),
        ...keys.map((key): Verdict => ({
            ...changed(title, key, now),
            property: `${property}.${key}`,
            old: old[key],
            new: now[key],
        })),
    ];
    if (verdicts.length > 0 || isDeepStrictEqual(old, now)) return verdicts;
    return [{ code: "changed-inside", says: `${title}: the description of a rule changes` }];
}

function changed(title: string, key: string, now: Tree): Verdict {
    const isAnswer = key === "actionParameters" && (refuses(now) || isLimit(now));
    if (isAnswer) return { code: "errors-changed", says: `${title}: the edge answers rejected requests differently` };
    if (refuses(now))
        return { code: "request-rejected", says: `${title}: the edge rejects different requests than before` };
    return { code: "route-changed", says: `${title} of the edge match other requests, or have another action` };
}

/** Changes of the rate limit and of the block time. */
function rates(property: string, { ratelimit: old }: Tree, { ratelimit: now }: Tree): Verdict[] {
    if (!isMap(old) || !isMap(now) || isDeepStrictEqual(old, now)) return [];
    const sides = { property: `${property}.ratelimit`, old, new: now };
    const number = (limit: Tree, key: string) => Number(limit[key]);
    const rate = (limit: Tree) => number(limit, "requestsPerPeriod") / number(limit, "period");
    const text = (limit: Tree) => `${String(limit.requestsPerPeriod)} in ${String(limit.period)} s`;
    const [was, is] = [rate(old), rate(now)];
    const verdicts: Verdict[] = [];
    if (is < was || number(now, "requestsPerPeriod") < number(old, "requestsPerPeriod"))
        verdicts.push({
            code: "limit-lowered",
            says: `The edge allows fewer requests: ${text(old)} becomes ${text(now)}`,
            ...sides,
        });
    else if (is > was)
        verdicts.push({
            code: "limit-raised",
            says: `The edge allows more requests: ${text(old)} becomes ${text(now)}`,
            ...sides,
        });
    const [blocked, blocks] = [number(old, "mitigationTimeout"), number(now, "mitigationTimeout")];
    if (blocks > blocked)
        verdicts.push({
            code: "limit-lowered",
            says: `The edge blocks a caller for longer: ${blocked} s become ${blocks} s`,
            ...sides,
        });
    const known = ["requestsPerPeriod", "period", "mitigationTimeout"];
    const rest = (limit: Tree) => Object.entries(limit).filter(([key]) => !known.includes(key));
    if (verdicts.length === 0 && blocks < blocked)
        verdicts.push({
            code: "limit-raised",
            says: `The edge blocks a caller for less time: ${blocked} s become ${blocks} s`,
            ...sides,
        });
    if (verdicts.length === 0 || !isDeepStrictEqual(rest(old), rest(now)))
        verdicts.push({ code: "limit-changed", says: "The edge counts requests differently", ...sides });
    return verdicts;
}
