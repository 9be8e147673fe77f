/** Rules of the edge, and settings of the zone. */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../changes";
import { isMap, type Difference, type Props } from "../differences";
import { always, nothing, type KindRule, type Verdict } from "../rule";
import { timeoutVerdict } from "../timeouts";
import { NAMES, PLACE } from "./cloudflare";

export const ruleset: KindRule = {
    created: (change) =>
        ({
            code: "request-refused",
            severity: isLimit(change) ? undefined : "harmless",
            says: isLimit(change)
                ? "The edge refuses requests above a rate, and did not before"
                : `Rules ${change.name} of the edge are made`,
        }) as Verdict,
    deleted: (change) =>
        isLimit(change)
            ? { code: "limit-removed", says: "The edge no longer refuses requests above a rate" }
            : { code: "request-refused", says: "The edge checks for browsers again: it refuses some client libraries" },
    replaced: (change) => ({ code: "route-changed", says: `Rules ${change.name} of the edge are away for a moment` }),
    rows: [["rules", edgeRules], ["phase", nothing], ["kind", nothing], ...NAMES, ...PLACE],
};

const isLimit = ({ new: now, old }: Change) => (now ?? old)?.phase === "http_ratelimit";

function edgeRules({ old, new: now }: Difference, change: Change): Verdict[] {
    const first = (value: unknown): Props => (Array.isArray(value) && isMap(value[0]) ? value[0] : {});
    const [from, to] = [first(old), first(now)];
    const [was, is] = [from.ratelimit, to.ratelimit];
    if (isMap(was) && isMap(is) && !isDeepStrictEqual(was, is)) {
        const rate = (limit: Props) => Number(limit.requestsPerPeriod) / Number(limit.period);
        const text = (limit: Props) => `${String(limit.requestsPerPeriod)} in ${String(limit.period)} s`;
        const lower = rate(is) < rate(was) || Number(is.requestsPerPeriod) < Number(was.requestsPerPeriod);
        const same = rate(is) === rate(was);
        return [
            {
                code: lower ? "limit-lowered" : same ? "limit-changed" : "limit-raised",
                says: same
                    ? "The edge counts requests in another way"
                    : `The edge lets ${lower ? "fewer" : "more"} requests through: ${text(was)} becomes ${text(is)}`,
                property: "rules[0].ratelimit",
                old: was,
                new: is,
            },
        ];
    }
    if (to.enabled === false)
        return [{ code: "route-changed", says: `Rules ${change.name} of the edge are turned off` }];
    return [
        {
            code: "route-changed",
            says: `Rules ${change.name} of the edge are for other requests, or do something else`,
            property: "rules[0]",
            old: from,
            new: to,
        },
    ];
}

export const zoneSetting: KindRule = {
    created: (change) =>
        isTimeout(change)
            ? timeoutVerdict("The edge's ", "value", undefined, change.new?.value)
            : { code: "other-change", says: `Setting ${String(change.new?.settingId)} of the zone is set` },
    // Cloudflare has no deletion of a setting.
    deleted: nothing,
    replaced: nothing,
    rows: [
        [
            "value",
            ({ old, new: now }, change) =>
                isTimeout(change)
                    ? timeoutVerdict("The edge's ", "value", old, now)
                    : { code: "other-change", says: `Setting ${String(change.new?.settingId)} of the zone changes` },
        ],
        ["settingId", always("other-change", () => "Another setting of the zone is set")],
        ...PLACE,
    ],
};

const isTimeout = ({ new: now, old }: Change) => (now ?? old)?.settingId === "proxy_read_timeout";
