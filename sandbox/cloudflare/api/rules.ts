/** A zone's rulesets of the two phases that the project writes, and the account's notification of expiring service tokens. */
import type { NotificationPolicy, Ruleset } from "../account";
import { Rule } from "../edge/rules";
import { hexId } from "../ids";
import { notificationBody, rulesetBody } from "../objects";
import { ApiError, bodyOf, collection, Unsupported, without, type Route } from "./call";

const rulesets = collection<Ruleset>({
    ...{ path: "zones/{zone}/rulesets", group: "Zone WAF" },
    missing: [10000, "could not find ruleset"],
    store: ({ account }) => account.rulesets,
    make: ({ account, zone, body }, old) => {
        const { name, kind, phase, rules } = bodyOf(rulesetBody, body);
        const same = [...account.rulesets.values()].find((one) => one.zone_id === zone.id && one.phase === phase);
        if (same && same.id !== old?.id)
            throw new ApiError(400, 20217, `exceeded maximum number of zone rulesets for phase ${phase}`);
        const made = rules.map(({ version: _1, last_updated: _2, ...rule }) => {
            const limits = phase === "http_ratelimit";
            if (limits !== (rule.ratelimit !== undefined) || (limits && rule.action === "skip"))
                throw new ApiError(
                    400,
                    20121,
                    "ratelimit: required for `block` in phase http_ratelimit, else invalid.",
                );
            // A rule without `ref` is created again by each write, so its counters start at 0.
            const id = old?.rules.find(({ ref }) => ref === rule.ref)?.id ?? hexId();
            return { ...rule, id, ref: rule.ref ?? id };
        });
        try {
            for (const rule of made) new Rule(rule);
        } catch (error) {
            throw new Unsupported((error as Error).message);
        }
        return { id: old?.id ?? hexId(), zone_id: zone.id, name, kind, phase, rules: made };
    },
    show: (_, ruleset) => ({ ...without(ruleset, "zone_id"), description: "" }),
    removed: () => ({ empty: true }),
});

const notifications = collection<NotificationPolicy>({
    ...{ path: "accounts/{account}/alerting/v3/policies", group: "Notifications" },
    missing: [17201, "notification policy not found"],
    store: ({ account }) => account.notificationPolicies,
    make: ({ body }, old) => ({ id: old?.id ?? hexId(), ...bodyOf(notificationBody, body) }),
    // The answer to a POST or PUT contains only the id.
    written: (_, { id }) => ({ id }),
    removed: () => ({ result: null }),
});

export const ruleRoutes: Route[] = [...rulesets, ...notifications];
