/** The tunnel, and the rules of its connectors. */
import { isDeepStrictEqual } from "node:util";
import { rejectsAll } from "../../../../policy/resources/cloudflare";
import { hasUnknown } from "../../../../policy/resources/unknown";
import { at, isMap, mapsOf, type Tree } from "../../../../policy/resources/values";
import type { Difference } from "../differences";
import { always, type KindRule, type Verdict } from "../rule";
import { NAMES, ACCOUNT_AND_ZONE } from "./cloudflare";

export const tunnel: KindRule = {
    deleted: (change) => ({
        code: "access-removed",
        says: `Tunnel ${change.name} is deleted: requests to its DNS names get 530`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Tunnel ${change.name} is replaced: DNS names, connectors and the tunnel token must be changed too`,
    }),
    rows: [
        [
            "configSrc",
            always(
                "gateway-changed",
                (change) => `Tunnel ${change.name}: connectors read their rules from another source`,
            ),
        ],
        ...NAMES,
        ...ACCOUNT_AND_ZONE,
    ],
};

export const tunnelConfig: KindRule = {
    deleted: (change) => ({
        code: "access-removed",
        says: `Rules ${change.name} of the tunnel are deleted: connectors answer 503`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Rules ${change.name} of the tunnel are replaced: connectors answer 503 meanwhile`,
    }),
    rows: [
        ["config.ingresses", ingresses],
        [
            "config.**",
            always(
                "route-changed",
                (change) => `Rules ${change.name} of the tunnel: settings of all connections change`,
            ),
        ],
        ["tunnelId", always("access-changed", (change) => `Rules ${change.name} move to another tunnel`, "risk")],
        ...ACCOUNT_AND_ZONE,
    ],
};

interface Ingress {
    hostname?: unknown;
    path?: unknown;
    service?: unknown;
    originRequest?: Tree;
}

function ingresses({ old, new: now }: Difference): Verdict[] {
    const key = ({ hostname: host = "", path = "" }: Ingress) => `${String(host)}${String(path)}`;
    const mapOf = (value: unknown) => new Map(mapsOf(value).map((rule) => [key(rule), rule as Ingress]));
    const [before, after] = [mapOf(old), mapOf(now)];
    const verdicts: Verdict[] = [];
    for (const [name, rule] of before) {
        const next = after.get(name);
        const property = `config.ingresses[${name || "else"}]`;
        const says = name || "all else";
        if (next === undefined)
            verdicts.push({
                code: name ? "access-removed" : "protection-weakened",
                says: `${says}: the connectors no longer serve it`,
                property,
                old: rule,
            });
        else if (!isDeepStrictEqual(rule, next)) verdicts.push(...ofIngress(says, property, rule, next));
    }
    for (const [name, rule] of after)
        if (!before.has(name))
            verdicts.push({
                ...comes(name || "all else", rule, [...before.values()]),
                property: `config.ingresses[${name || "else"}]`,
                new: rule,
            });
    const kept = (all: Map<string, Ingress>, other: Map<string, Ingress>) =>
        [...all.keys()].filter((name) => other.has(name));
    if (!isDeepStrictEqual(kept(before, after), kept(after, before)))
        verdicts.push({
            code: "route-changed",
            says: "The connectors evaluate their rules in another order, and the first match decides",
            property: "config.ingresses",
            old: [...before.keys()],
            new: [...after.keys()],
        });
    return verdicts;
}

/**
 * Judges a new rule. A rule without an Access token is accepted if an existing rule forwards to the same service without a
 * token. Such a service is the gateway, which authenticates callers.
 */
function comes(says: string, rule: Ingress, before: Ingress[]): Verdict {
    const asksNobody = (one: Ingress) => accessOf(one)?.required !== true;
    const toGateway = before.some((other) => asksNobody(other) && other.service === rule.service);
    if (rejectsAll(rule.service) || !asksNobody(rule) || toGateway || hasUnknown(rule))
        return { code: "access-added", says: `${says}: the connectors serve it` };
    return {
        code: "opens-to-network",
        says: `${says}: the connectors forward to ${String(rule.service)}, without authentication`,
    };
}

function accessOf(rule: Ingress): Tree | undefined {
    const access = at(rule, "originRequest.access");
    return isMap(access) ? access : undefined;
}

function ofIngress(says: string, property: string, old: Ingress, now: Ingress): Verdict[] {
    const verdicts: Verdict[] = [];
    if (old.service !== now.service)
        verdicts.push({
            code: says === "all else" ? "opens-to-network" : "upstream-replaced",
            says: `${says}: requests go to ${String(now.service)}`,
            property: `${property}.service`,
            old: old.service,
            new: now.service,
        });
    const sides = { property: `${property}.originRequest.access`, old: accessOf(old), new: accessOf(now) };
    if (accessOf(old)?.required === true && accessOf(now)?.required !== true)
        verdicts.push({
            code: "authentication-removed",
            says: `${says}: the connectors accept requests that have not passed Access`,
            ...sides,
        });
    else if (!isDeepStrictEqual(accessOf(old), accessOf(now)))
        verdicts.push({
            code: hasUnknown(accessOf(now)) ? "unknown-until-apply" : "authentication-changed",
            says: `${says}: the connectors accept tokens of another application or team`,
            ...sides,
        });
    const rest = ({ originRequest }: Ingress) => ({ ...originRequest, access: undefined });
    if (!isDeepStrictEqual(rest(old), rest(now)))
        verdicts.push({
            code: "route-changed",
            says: `${says}: the connectors reach Alpa differently`,
            property: `${property}.originRequest`,
            old: rest(old),
            new: rest(now),
        });
    return verdicts;
}
