/** Routes to Alpa: the requests that an ApisixRoute serves, and which of them must authenticate. */
import { isDeepStrictEqual } from "node:util";
import { authenticatorsIn, isNowhere, pluginsOf } from "../../../../policy/resources/routes";
import { hasUnknown } from "../../../../policy/resources/unknown";
import { at, isMap, isUnknown, list, map, namedEntries, type Tree } from "../../../../policy/resources/values";
import { changedFields, type Difference } from "../differences";
import { pluginVerdicts } from "../plugins";
import { always, objectName, type KindRule, type Verdict } from "../rule";
import { timeoutVerdicts } from "../timeouts";
import { listed } from "../values-text";

export const route: KindRule = {
    created: (change) => [
        isUnknown(at(change.new, "spec.http"))
            ? {
                  code: "unknown-until-apply",
                  says: `Route ${objectName(change)} is created: which requests must authenticate is known only when the change is applied`,
              }
            : { code: "access-added", says: `Route ${objectName(change)} is created` },
        ...rules({ path: [], old: undefined, new: at(change.new, "spec.http") }).filter(
            ({ code }) => code !== "access-added",
        ),
    ],
    deleted: (change) =>
        // The route for checks of a conversion, which no caller may use.
        /-conversion-verification-rules$/.test(change.name)
            ? {
                  code: "changed-inside",
                  says: `Route ${objectName(change)}, through which a conversion tests Alpa, is deleted`,
              }
            : { code: "access-removed", says: `Route ${objectName(change)} is deleted: callers get 404` },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Route ${objectName(change)} is deleted and created again: callers get 404 meanwhile`,
    }),
    rows: [
        ["spec.http", rules],
        [
            "spec.ingressClassName",
            always("access-changed", (change) => `Route ${objectName(change)} belongs to another gateway`),
        ],
    ],
};

function rules({ old, new: now }: Difference): Verdict[] {
    const [before, after] = [namedEntries(old), namedEntries(now)];
    const verdicts: Verdict[] = [];
    const known = new Set(before.keys());
    for (const [name, rule] of before) {
        const next = after.get(name);
        const property = `spec.http[${name}]`;
        const renamed = next === undefined ? renamedFrom(rule, after, known) : undefined;
        if (next !== undefined) verdicts.push(...ofRule(name, rule, next));
        else if (renamed !== undefined) {
            known.add(renamed);
            verdicts.push(
                { code: "changed-inside", says: `Rule ${name} is renamed to ${renamed}`, property },
                ...ofRule(renamed, rule, after.get(renamed)!),
            );
        } else if (leadsNowhere(rule))
            verdicts.push({
                code: "protection-weakened",
                says: `Rule ${name}, which rejects requests to closed paths, is deleted`,
                property,
                old: paths(rule),
            });
        else
            verdicts.push({
                code: "access-removed",
                says: `${listed(paths(rule))}: callers get 404`,
                property,
                old: paths(rule),
            });
    }
    for (const [name, rule] of after)
        if (!known.has(name))
            verdicts.push({ ...comes(name, rule, before), property: `spec.http[${name}]`, new: paths(rule) });
    return verdicts;
}

function comes(name: string, rule: Tree, before: Map<string, Tree>): Verdict {
    const title = listed(paths(rule));
    const added: Verdict = { code: "access-added", says: `${title}: rule ${name} is created` };
    if (leadsNowhere(rule))
        return before.size === 0
            ? added
            : {
                  code: "request-rejected",
                  says: `${title}: rule ${name} is created: the gateway answers these requests itself and does not forward them to Alpa`,
              };
    if (authPlugins(rule).length === 0)
        return { code: "authentication-removed", says: `${title}: requests are served without authentication` };
    const served = [...before.values()].find(
        (other) => !leadsNowhere(other) && paths(other).some((path) => paths(rule).includes(path)),
    );
    if (served === undefined) return added;
    const says = `${title}: rule ${name} may match requests that rule ${String(served.name)} served`;
    return { code: "route-changed", says };
}

/** Name of the new rule that matches the same requests, if there is one. */
function renamedFrom({ match: of }: Tree, after: Map<string, Tree>, known: Set<string>): string | undefined {
    if (!isMap(of)) return undefined;
    return [...after].find(([name, rule]) => !known.has(name) && isDeepStrictEqual(rule.match, of))?.[0];
}

function ofRule(name: string, old: Tree, now: Tree): Verdict[] {
    const at = `spec.http[${name}]`;
    const title = listed(paths(old));
    const verdicts = [
        ...match(at, title, old, now),
        ...timeoutVerdicts(`${title}: `, `${at}.timeout`, old.timeout, now.timeout),
    ];
    if (!leadsNowhere(now) && authPlugins(old).length > 0 && authPlugins(now).length === 0)
        verdicts.push({
            code: "authentication-removed",
            says: `${title}: requests no longer need a key or token`,
            property: `${at}.plugins`,
            old: authPlugins(old),
            new: authPlugins(now),
        });
    verdicts.push(...pluginVerdicts(title, `${at}.plugins`, old.plugins, now.plugins));
    if (!isDeepStrictEqual(old.upstreams, now.upstreams)) {
        const sides = { property: `${at}.upstreams`, old: old.upstreams, new: now.upstreams };
        verdicts.push({ ...elsewhere(title, old, now), ...sides });
    }
    for (const key of changedFields(old, now))
        if (!["name", "match", "timeout", "plugins", "upstreams"].includes(key))
            verdicts.push({
                code: "route-changed",
                says: `${title}: rule ${name} is matched differently (${key})`,
                property: `${at}.${key}`,
                old: old[key],
                new: now[key],
            });
    return verdicts;
}

function elsewhere(title: string, old: Tree, now: Tree): Verdict {
    if (leadsNowhere(old) === leadsNowhere(now))
        return { code: "upstream-replaced", says: `${title}: requests go to another upstream` };
    return leadsNowhere(now)
        ? { code: "access-removed", says: `${title}: requests are no longer forwarded to Alpa` }
        : { code: "opens-to-network", says: `${title}: requests are forwarded to Alpa, which they were not before` };
}

function match(at: string, title: string, { match: old }: Tree, { match: now }: Tree): Verdict[] {
    const [before, after] = [map(old), map(now)];
    const verdicts: Verdict[] = [];
    for (const [key, word] of [
        ["paths", "path"],
        ["methods", "method"],
        ["hosts", "name"],
        ["remoteAddrs", "address"],
    ] as const) {
        const [from, to] = [strings(before[key]), strings(after[key])];
        if (isDeepStrictEqual(from, to)) continue;
        // An empty list matches every request.
        const gone =
            to.length === 0 ? [] : from.length === 0 ? ["all others"] : from.filter((one) => !to.includes(one));
        const more =
            from.length === 0 ? [] : to.length === 0 ? ["all others"] : to.filter((one) => !from.includes(one));
        const property = `${at}.match.${key}`;
        if (gone.length > 0)
            verdicts.push({
                code: "access-removed",
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
    for (const key of changedFields(before, after))
        if (!["paths", "methods", "hosts", "remoteAddrs"].includes(key))
            verdicts.push({
                code: "route-changed",
                says: `${title}: requests are matched differently (${key})`,
                property: `${at}.match.${key}`,
                old: before[key],
                new: after[key],
            });
    return verdicts;
}

/** Names of the plugins that authenticate. Methods inside multi-auth that are not known yet are judged by the policy pack. */
const authPlugins = (props: Tree) =>
    pluginsOf({ where: "", props }, "missing")
        .filter(
            (plugin) =>
                authenticatorsIn(plugin).length > 0 || (plugin.name === "multi-auth" && hasUnknown(plugin.entry)),
        )
        .map(({ name }) => name);

const leadsNowhere = (props: Tree) => isNowhere({ props }, "missing");
const paths = (rule: Tree) => strings(at(rule, "match.paths"));
const strings = (value: unknown) => list(value).map(String);
