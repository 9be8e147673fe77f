/** Rules of the edge, and settings of the zone. */
import { isMap } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import { always, nothing, type KindRule } from "../rule";
import { timeoutVerdict } from "../timeouts";
import { NAMES, ACCOUNT_AND_ZONE } from "./cloudflare";
import { edgeRuleVerdicts } from "./edge-rules";

export const ruleset: KindRule = {
    created: (change, { changes }) => {
        const rules = change.new?.rules;
        // The program's own rule skips checks for browsers, since callers are programs.
        const isSkip = Array.isArray(rules) && rules.every((rule) => isMap(rule) && rule.action === "skip");
        // A new tunnel has no callers yet, so the rules affect no caller.
        const isNew = changes.some(
            ({ kind, op }) => kind === "cloudflare ZeroTrustTunnelCloudflared" && op === "create",
        );
        if (isSkip || isNew) return { code: "added", says: `${title(change)} are created` };
        return edgeRuleVerdicts(title(change), undefined, rules);
    },
    deleted: (change) => edgeRuleVerdicts(title(change), change.old?.rules, undefined),
    replaced: (change) => ({ code: "route-changed", says: `${title(change)} of the edge do not exist for a moment` }),
    rows: [
        ["rules", ({ old, new: now }, change) => edgeRuleVerdicts(title(change), old, now)],
        ["phase", nothing],
        ["kind", nothing],
        ...NAMES,
        ...ACCOUNT_AND_ZONE,
    ],
};

const title = ({ name }: Change) => `Rules ${name}`;

export const zoneSetting: KindRule = {
    created: (change) =>
        isTimeout(change)
            ? timeoutVerdict("The edge's ", "value", undefined, change.new?.value)
            : { code: "other-change", says: `Setting ${String(change.new?.settingId)} of the zone gets a value` },
    // Cloudflare cannot delete a setting.
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
        [
            "settingId",
            always(
                "other-change",
                ({ old, new: now }) => `The stack sets zone setting ${String(now)} instead of ${String(old)}`,
            ),
        ],
        ...ACCOUNT_AND_ZONE,
    ],
};

const isTimeout = ({ new: now, old }: Change) => (now ?? old)?.settingId === "proxy_read_timeout";
