/** The ways to Alpa: ApisixRoute and ApisixUpstream. */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "./changes";
import { isMap, type Difference, type Props } from "./differences";
import { pluginVerdicts } from "./plugins";
import { objectName, type KindRule, type Verdict } from "./rule";
import { timeoutVerdicts } from "./timeouts";
import { listed } from "./words";

export const route: KindRule = {
    created: (change) => ({ code: "way-in-added", says: `Route ${objectName(change)} is made` }),
    deleted: (change) => ({ code: "way-in-removed", says: `Route ${objectName(change)} goes: callers get 404` }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Route ${objectName(change)} is deleted and made anew: callers get 404 meanwhile`,
    }),
    rows: [
        ["spec.http", rules],
        [
            "spec.ingressClassName",
            (_, change) => ({ code: "way-in-changed", says: `Route ${objectName(change)} belongs to another gateway` }),
        ],
    ],
};

function rules({ old, new: now }: Difference): Verdict[] {
    const [before, after] = [byName(old), byName(now)];
    const verdicts: Verdict[] = [];
    for (const [name, rule] of before) {
        const next = after.get(name);
        const property = `spec.http[${name}]`;
        if (next !== undefined) verdicts.push(...ofRule(name, rule, next));
        else if (leadsNowhere(rule))
            verdicts.push({
                code: "protection-weakened",
                says: `Rule ${name}, which closes what is not open, goes`,
                property,
                old: paths(rule),
            });
        else
            verdicts.push({
                code: "way-in-removed",
                says: `${listed(paths(rule))}: callers get 404`,
                property,
                old: paths(rule),
            });
    }
    for (const [name, rule] of after)
        if (!before.has(name)) {
            const open = authPlugins(rule).length === 0 && !leadsNowhere(rule);
            verdicts.push({
                code: open ? "authentication-removed" : "way-in-added",
                says: open
                    ? `${listed(paths(rule))}: opens without authentication`
                    : `${listed(paths(rule))}: rule ${name} is made`,
                property: `spec.http[${name}]`,
                new: paths(rule),
            });
        }
    return verdicts;
}

function ofRule(name: string, old: Props, now: Props): Verdict[] {
    const at = `spec.http[${name}]`;
    const title = listed(paths(old));
    const verdicts = [
        ...match(at, title, old, now),
        ...timeoutVerdicts(`${title}: `, `${at}.timeout`, old.timeout, now.timeout),
    ];
    if (!leadsNowhere(now) && authPlugins(old).length > 0 && authPlugins(now).length === 0)
        verdicts.push({
            code: "authentication-removed",
            says: `${title}: nobody is asked for a key or token any more`,
            property: `${at}.plugins`,
            old: authPlugins(old),
            new: authPlugins(now),
        });
    verdicts.push(...pluginVerdicts(title, `${at}.plugins`, old.plugins, now.plugins));
    if (!isDeepStrictEqual(old.upstreams, now.upstreams))
        verdicts.push(
            leadsNowhere(old)
                ? {
                      code: "opens-to-network",
                      says: `${title}: leads to Alpa, where it led nowhere`,
                      property: `${at}.upstreams`,
                      old: old.upstreams,
                      new: now.upstreams,
                  }
                : {
                      code: "upstream-replaced",
                      says: `${title}: requests go elsewhere`,
                      property: `${at}.upstreams`,
                      old: old.upstreams,
                      new: now.upstreams,
                  },
        );
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
        if (
            !["name", "match", "timeout", "plugins", "upstreams"].includes(key) &&
            !isDeepStrictEqual(old[key], now[key])
        )
            verdicts.push({
                code: "route-changed",
                says: `${title}: rule ${name} is taken in another way (${key})`,
                property: `${at}.${key}`,
                old: old[key],
                new: now[key],
            });
    return verdicts;
}

function match(at: string, title: string, { match: old }: Props, { match: now }: Props): Verdict[] {
    const [before, after] = [isMap(old) ? old : {}, isMap(now) ? now : {}];
    const verdicts: Verdict[] = [];
    for (const [key, word] of [
        ["paths", "path"],
        ["methods", "method"],
        ["hosts", "name"],
        ["remoteAddrs", "address"],
    ] as const) {
        const [from, to] = [strings(before[key]), strings(after[key])];
        if (isDeepStrictEqual(from, to)) continue;
        // An empty list is no condition at all.
        const gone =
            to.length === 0 ? [] : from.length === 0 ? ["all others"] : from.filter((one) => !to.includes(one));
        const more =
            from.length === 0 ? [] : to.length === 0 ? ["all others"] : to.filter((one) => !from.includes(one));
        const property = `${at}.match.${key}`;
        if (gone.length > 0)
            verdicts.push({
                code: "way-in-removed",
                says: `${title}: ${word} ${listed(gone)} is no longer served`,
                property,
                old: from,
                new: to,
            });
        if (more.length > 0)
            verdicts.push({
                code: "route-changed",
                says: `${title}: ${word} ${listed(more)} is served too`,
                property,
                old: from,
                new: to,
            });
    }
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
        if (!["paths", "methods", "hosts", "remoteAddrs"].includes(key) && !isDeepStrictEqual(before[key], after[key]))
            verdicts.push({
                code: "route-changed",
                says: `${title}: is matched in another way (${key})`,
                property: `${at}.match.${key}`,
                old: before[key],
                new: after[key],
            });
    return verdicts;
}

/** Names of the plugins that ask who calls. */
function authPlugins({ plugins }: Props): string[] {
    const all = Array.isArray(plugins) ? plugins.filter(isMap) : [];
    return all
        .filter(({ name, enable }) => /^(multi|key|jwt|basic|hmac)-auth$/.test(String(name)) && enable !== false)
        .map(({ name }) => String(name));
}

function leadsNowhere({ upstreams }: Props): boolean {
    const all = Array.isArray(upstreams) ? upstreams.filter(isMap) : [];
    return all.length > 0 && all.every(({ name }) => String(name).endsWith("-nowhere"));
}

function paths({ match: of }: Props): string[] {
    return isMap(of) ? strings(of.paths) : [];
}

function strings(value: unknown): string[] {
    return Array.isArray(value) ? value.map(String) : [];
}

function byName(value: unknown): Map<string, Props> {
    const all = Array.isArray(value) ? value.filter(isMap) : [];
    return new Map(all.map((rule) => [String(rule.name), rule]));
}

export const upstream: KindRule = {
    created: (change) => ({ code: "added", says: `Upstream ${objectName(change)} is made` }),
    deleted: (change) =>
        /-nowhere$/.test(objectName(change))
            ? undefined
            : { code: "way-in-removed", says: `Upstream ${objectName(change)} goes: what leads there gets 503` },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Upstream ${objectName(change)} is deleted and made anew: callers get 503 meanwhile`,
    }),
    rows: [
        ["spec.externalNodes", nodes],
        [
            "spec.timeout",
            ({ old, new: now }, change) =>
                timeoutVerdicts(`Upstream ${objectName(change)}: `, "spec.timeout", old, now),
        ],
        ["spec.retries", retries],
        ["spec.loadbalancer", spread],
        [
            "spec.healthCheck",
            (_, change) => ({
                code: "route-changed",
                says: `Upstream ${objectName(change)}: services are looked at in another way`,
            }),
        ],
        [
            "spec.ingressClassName",
            (_, change) => ({
                code: "way-in-changed",
                says: `Upstream ${objectName(change)} belongs to another gateway`,
            }),
        ],
        [
            "spec.scheme",
            (_, change) => ({
                code: "upstream-replaced",
                says: `Upstream ${objectName(change)}: Alpa is spoken to in another way`,
            }),
        ],
    ],
};

function nodes({ old, new: now }: Difference, change: Change): Verdict[] {
    const [before, after] = [nodeMap(old), nodeMap(now)];
    const title = `Upstream ${objectName(change)}`;
    const gone = [...before.keys()].filter((node) => !after.has(node));
    const more = [...after.keys()].filter((node) => !before.has(node));
    const weights = [...after]
        .filter(([node, weight]) => before.has(node) && before.get(node) !== weight)
        .map(([node]) => node);
    const property = "spec.externalNodes";
    const sides = { property, old: [...before.keys()], new: [...after.keys()] };
    if (gone.length === before.size && gone.length > 0)
        return [
            {
                code: "upstream-replaced",
                says: `${title}: all requests go to ${listed(more) || "nobody"}`,
                ...(more.length === 0 && { severity: "breaks-callers" as const }),
                ...sides,
            },
        ];
    return [
        ...(gone.length > 0
            ? [
                  {
                      code: "upstream-removed",
                      says: `${title}: ${listed(gone)} gets no requests any more`,
                      ...sides,
                  } as const,
              ]
            : []),
        ...(more.length > 0
            ? [{ code: "upstream-added", says: `${title}: ${listed(more)} gets requests too`, ...sides } as const]
            : []),
        ...(weights.length > 0
            ? [
                  {
                      code: "upstream-added",
                      says: `${title}: ${listed(weights)} gets another part of the requests`,
                      property,
                      old: [...before.values()],
                      new: [...after.values()],
                  } as const,
              ]
            : []),
        // Their order decides nothing but who comes first.
        ...(gone.length + more.length + weights.length === 0
            ? [{ code: "changed-inside", says: `${title}: the same services, written otherwise` } as const]
            : []),
    ];
}

function nodeMap(value: unknown): Map<string, unknown> {
    const all = Array.isArray(value) ? value.filter(isMap) : [];
    return new Map(all.map(({ name, port, weight }) => [`${String(name)}:${String(port)}`, weight]));
}

function retries({ old, new: now }: Difference, change: Change): Verdict {
    const more = Number(now ?? 1) > Number(old ?? 0);
    const title = `Upstream ${objectName(change)}`;
    return more
        ? {
              code: "protection-weakened",
              says: `${title}: a failed request is sent again, and costs the GPU time twice`,
          }
        : { code: "changed-inside", says: `${title}: a failed request is not sent again` };
}

function spread(_: Difference, change: Change): Verdict {
    return {
        code: "route-changed",
        says: `Upstream ${objectName(change)}: callers are spread in another way; /logprobs of a caller may lose its cache`,
    };
}
