/** What is at Cloudflare: the zone and its names, Access and its tokens, the tunnel, the rules of the edge. */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "./changes";
import { isMap, isUnknown, type Difference, type Props } from "./differences";
import { always, nothing, UNNOTICED, type KindRule, type Row, type Verdict, type Verdicts } from "./rule";
import { timeoutVerdict } from "./timeouts";
import { listed } from "./words";

/** Names of things at Cloudflare, by which nobody finds them but people. */
const NAMES: Row[] = [
    ["name", nothing],
    ["description", nothing],
    ["comment", nothing],
];
/** Another account or zone is told by the replacement. */
const PLACE: Row[] = [
    ["accountId", nothing],
    ["zoneId", nothing],
];

/** `lab/2026a`, of the resource `lab.2026a-token`. */
function credential({ name }: Change): string {
    return name.replace(/-token$/, "").replace(".", "/");
}

export const serviceToken: KindRule = {
    created: (change) => ({ code: "credential-added", says: `Credential ${credential(change)} works too` }),
    deleted: (change) => ({ code: "credential-revoked", says: `Credential ${credential(change)} stops working` }),
    replaced: (change) => ({
        code: "credential-changed",
        says: `Credential ${credential(change)} is another from then on, and the one of before stops`,
    }),
    rows: [
        [
            "enabled",
            ({ new: now }, change) =>
                now === false
                    ? {
                          code: "credential-revoked",
                          says: `Credential ${credential(change)} stops working: it is disabled`,
                      }
                    : {
                          code: "credential-added",
                          severity: "risk",
                          says: `Credential ${credential(change)} works again`,
                      },
        ],
        ["duration", duration],
        ["clientSecretVersion", rotated],
        ["previousClientSecretExpiresAt", previous],
        ...NAMES,
        ...PLACE,
    ],
};

function duration({ old, new: now }: Difference, change: Change): Verdict {
    const hours = (value: unknown) =>
        value === "forever" ? Infinity : Number(/^(\d+)h/.exec(String(value))?.[1] ?? NaN);
    const who = `Credential ${credential(change)}`;
    // Cloudflare counts from the update, or from the creation: nobody here knows which, and then it ends at once.
    if (!(hours(now) >= hours(old)))
        return { code: "credential-ends-sooner", says: `${who} ends sooner, maybe at once` };
    return { code: "changed-inside", says: `${who} lasts longer` };
}

function rotated({ old, new: now }: Difference, change: Change): Verdict {
    const until = change.new?.previousClientSecretExpiresAt;
    const who = `Credential ${credential(change)}`;
    if (typeof until !== "string" || Number(now) < Number(old ?? 1))
        return { code: "credential-changed", says: `${who} has another secret, and the one of before stops` };
    return {
        code: "credential-rotated",
        says: `${who} has another secret; the one of before ends on ${until.slice(0, 10)}`,
    };
}

function previous({ old, new: now }: Difference, change: Change, { today }: { today: Date }): Verdicts {
    if (old === undefined || change.old?.clientSecretVersion !== change.new?.clientSecretVersion) return undefined; // told by the version
    const who = `Credential ${credential(change)}`;
    if (typeof now === "string" && now > String(old))
        return { code: "changed-inside", says: `${who}: the secret of before ends later` };
    const over = typeof now !== "string" || new Date(now) <= today;
    return {
        code: "credential-ends-sooner",
        severity: over ? "breaks-callers" : "risk",
        says: `${who}: the secret of before ends sooner`,
    };
}

export const accessPolicy: KindRule = {
    deleted: (change) => ({ code: "way-in-removed", says: `Access policy ${change.name} goes: nobody is let in` }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Access policy ${change.name} is made anew: nobody is let in meanwhile`,
    }),
    rows: [
        ["includes", includes],
        [
            "excludes",
            always("authentication-changed", (change) => `Access policy ${change.name}: others are kept out`, "risk"),
        ],
        [
            "requires",
            always("authentication-changed", (change) => `Access policy ${change.name}: more or less is asked for`),
        ],
        [
            "decision",
            ({ new: now }, change) =>
                now === "bypass"
                    ? {
                          code: "authentication-removed",
                          says: `Access policy ${change.name} lets everybody in without a look`,
                      }
                    : {
                          code: "authentication-changed",
                          says: `Access policy ${change.name} decides in another way: tokens may be sent to a page to log in`,
                      },
        ],
        ["sessionDuration", session],
        ...NAMES,
        ...PLACE,
    ],
};

function includes({ old, new: now }: Difference, change: Change): Verdicts {
    const strangers = (Array.isArray(now) ? now : []).filter((one) => tokenOf(one) === undefined && !isUnknown(one));
    if (strangers.length > 0)
        return {
            code: "authentication-removed",
            says: `Access policy ${change.name} lets in others than service tokens`,
            property: "includes",
            old,
            new: now,
        };
    return undefined; // that a token comes or goes is told by the token itself
}

function tokenOf(include: unknown): string | undefined {
    const { serviceToken: token } = (isMap(include) ? include : {}) as { serviceToken?: Props };
    return isMap(token) && Object.keys(include as Props).length === 1 ? String(token.tokenId) : undefined;
}

function session({ old, new: now }: Difference, change: Change): Verdict {
    const minutes = (value: unknown) =>
        Number(/^(\d+)/.exec(String(value))?.[1] ?? NaN) * (String(value).endsWith("h") ? 60 : 1);
    const says = `${change.name}: a cookie of Access lets its bearer in for ${String(now)}, not ${String(old)}`;
    return minutes(now) <= minutes(old) ? { code: "changed-inside", says } : { code: "protection-weakened", says };
}

export const accessApplication: KindRule = {
    created: (change) => ({ code: "added", says: `Access application ${change.name} is made` }),
    deleted: (change) => ({
        code: "authentication-removed",
        says: `Access application ${change.name} goes: nobody is asked for a token, and only the connectors still refuse`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Access application ${change.name} is made anew, for another audience: connectors refuse everybody until they know it`,
    }),
    rows: [
        ["domain", hostname],
        ["destinations", hostname],
        ["policies", policies],
        ["serviceAuth401Redirect", always("errors-changed", () => "Callers without a token get another answer")],
        ["sessionDuration", session],
        ["appLauncherVisible", nothing],
        ["type", always("authentication-changed", (change) => `Access application ${change.name} is of another type`)],
        ...NAMES,
        ...PLACE,
    ],
};

function policies({ old, new: now }: Difference, change: Change): Verdict {
    const none = !Array.isArray(now) || now.length === 0;
    if (none)
        return { code: "way-in-removed", says: `Access application ${change.name} has no policy: nobody is let in` };
    if (!Array.isArray(old) || old.length === 0)
        return { code: "way-in-added", says: `Access application ${change.name}: its tokens are let in` };
    return {
        code: "authentication-changed",
        severity: "risk",
        says: `Access application ${change.name} has other policies`,
    };
}

/** Names that an application guards: one that is not guarded any more is open, or leads nowhere. */
function hostname({ old, new: now }: Difference, change: Change): Verdict {
    const [before, after] = [names(old), names(now)];
    const gone = before.filter((name) => !after.includes(name));
    if (gone.length > 0)
        return {
            code: "way-in-changed",
            says: `${listed(gone)} is no longer the service's: ${listed(after) || "nothing"} is`,
        };
    return { code: "way-in-added", says: `${listed(after)}: ${change.name} guards it too` };
}

function names(value: unknown): string[] {
    const all = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return all.map((one) => (isMap(one) ? String(one.uri) : String(one)));
}

export const tunnel: KindRule = {
    deleted: (change) => ({
        code: "way-in-removed",
        says: `Tunnel ${change.name} goes: the names that lead to it answer 530`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Tunnel ${change.name} is made anew: names, connectors and its token must follow`,
    }),
    rows: [
        [
            "configSrc",
            always("gateway-changed", (change) => `Tunnel ${change.name}: connectors take their rules from elsewhere`),
        ],
        ...NAMES,
        ...PLACE,
    ],
};

export const tunnelConfig: KindRule = {
    deleted: (change) => ({
        code: "way-in-removed",
        says: `Rules ${change.name} of the tunnel go: connectors answer 503`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Rules ${change.name} of the tunnel are made anew: connectors answer 503 meanwhile`,
    }),
    rows: [
        ["config.ingresses", ingresses],
        [
            "config.**",
            always(
                "route-changed",
                (change) => `Rules ${change.name} of the tunnel: other settings of all connections`,
            ),
        ],
        ["tunnelId", always("way-in-changed", (change) => `Rules ${change.name} are another tunnel's`, "risk")],
        ...PLACE,
    ],
};

interface Ingress {
    hostname?: unknown;
    path?: unknown;
    service?: unknown;
    originRequest?: Props;
}

function ingresses({ old, new: now }: Difference): Verdict[] {
    const key = ({ hostname: host = "", path = "" }: Ingress) => `${String(host)}${String(path)}`;
    const mapOf = (value: unknown) =>
        new Map((Array.isArray(value) ? value.filter(isMap) : []).map((rule) => [key(rule), rule as Ingress]));
    const [before, after] = [mapOf(old), mapOf(now)];
    const verdicts: Verdict[] = [];
    for (const [name, rule] of before) {
        const next = after.get(name);
        const property = `config.ingresses[${name || "else"}]`;
        const says = name || "all else";
        if (next === undefined)
            verdicts.push({
                code: name ? "way-in-removed" : "protection-weakened",
                says: `${says}: the connectors no longer serve it`,
                property,
                old: rule,
            });
        else if (!isDeepStrictEqual(rule, next)) verdicts.push(...ofIngress(says, property, rule, next));
    }
    for (const [name, rule] of after)
        if (!before.has(name))
            verdicts.push({
                code: "way-in-added",
                says: `${name || "all else"}: the connectors serve it`,
                property: `config.ingresses[${name || "else"}]`,
                new: rule,
            });
    return verdicts;
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
    const access = (rule: Ingress) =>
        isMap(rule.originRequest) && isMap(rule.originRequest.access) ? rule.originRequest.access : undefined;
    const sides = { property: `${property}.originRequest.access`, old: access(old), new: access(now) };
    if (access(old)?.required === true && access(now)?.required !== true)
        verdicts.push({
            code: "authentication-removed",
            says: `${says}: the connectors let in what has not passed Access`,
            ...sides,
        });
    else if (!isDeepStrictEqual(access(old), access(now)))
        verdicts.push({
            code: isUnknown(access(now)) ? "unknown-until-apply" : "authentication-changed",
            says: `${says}: the connectors let in tokens of another application or team`,
            ...sides,
        });
    const rest = ({ originRequest }: Ingress) => ({ ...originRequest, access: undefined });
    if (!isDeepStrictEqual(rest(old), rest(now)))
        verdicts.push({
            code: "route-changed",
            says: `${says}: the connectors reach Alpa in another way`,
            property: `${property}.originRequest`,
            old: rest(old),
            new: rest(now),
        });
    return verdicts;
}

/** Names that lead to the tunnel are callers' way in. */
const isService = ({ old, new: now }: Change) =>
    [old, now].some(
        (props) =>
            props?.proxied === true || /cfargotunnel\.com$/.test(String(props?.content)) || isUnknown(props?.content),
    );
const recordName = ({ new: now, old }: Change) => `${String((now ?? old)?.type)} ${String((now ?? old)?.name)}`;

export const dnsRecord: KindRule = {
    created: (change) =>
        isService(change)
            ? { code: "way-in-added", says: `${recordName(change)}: the name leads to the service` }
            : { code: "added", says: `Record ${recordName(change)} is made` },
    deleted: (change) =>
        isService(change)
            ? { code: "way-in-removed", says: `${recordName(change)} goes: the name is not answered any more` }
            : { code: "dns-record-changed", severity: "breaks-callers", says: `Record ${recordName(change)} goes` },
    replaced: (change) => ({
        code: "service-interrupted",
        severity: isService(change) ? "breaks-callers" : "risk",
        says: `Record ${recordName(change)} is deleted and made anew: the name is not answered meanwhile`,
    }),
    rows: [
        ["name", always("way-in-changed", (change) => `Record ${recordName(change)} has another name`)],
        [
            "content",
            ({ old, new: now }, change) =>
                isUnknown(now) && isService(change)
                    ? {
                          code: "unknown-until-apply",
                          says: `${recordName(change)}: where the name leads is known only when it is applied`,
                      }
                    : {
                          code: "dns-record-changed",
                          says: `${recordName(change)}: the name leads elsewhere, from ${String(old)} to ${String(now)}`,
                      },
        ],
        [
            "proxied",
            ({ new: now }, change) =>
                now === true
                    ? {
                          code: "way-in-changed",
                          severity: "risk",
                          says: `${recordName(change)}: requests go through Cloudflare from then on`,
                      }
                    : {
                          code: "authentication-removed",
                          says: `${recordName(change)}: requests no longer pass Cloudflare, and nothing there guards them`,
                      },
        ],
        [
            "ttl",
            (_, change) => ({
                code: "changed-inside",
                says: `${recordName(change)}: answers are kept for another time`,
            }),
        ],
        ["data.**", always("dns-record-changed", (change) => `${recordName(change)}: another answer`)],
        ["priority", always("dns-record-changed", (change) => `${recordName(change)}: another priority`)],
        ["type", always("dns-record-changed", (change) => `${recordName(change)} is of another type`)],
        ["comment", nothing],
        [
            "zoneId",
            (_, change) =>
                isUnknown(change.new?.zoneId)
                    ? undefined
                    : { code: "dns-record-changed", says: `${recordName(change)} is in another zone` },
        ],
    ],
};

export const zone: KindRule = {
    deleted: (change) => ({
        code: "zone-deleted",
        says: `Zone ${String(change.old?.name)} goes with all its records, mail included`,
    }),
    replaced: (change) => ({
        code: "zone-deleted",
        says: `Zone ${String(change.old?.name)} is deleted with all its records, and made anew`,
    }),
    rows: [
        ["name", nothing],
        ["account.**", nothing],
    ],
};

export const dnssec: KindRule = {
    created: (change) => ({
        code: "dns-record-changed",
        says: `${change.name}: the zone is signed; the registrar needs its DS record`,
    }),
    deleted: (change) => ({
        code: "way-in-removed",
        says: `${change.name}: the zone is not signed any more; with a DS record at the registrar nobody gets an answer`,
    }),
    replaced: (change) => ({ code: "way-in-removed", says: `${change.name}: the zone is signed with other keys` }),
    rows: [
        ["status", always("dns-record-changed", (change) => `${change.name}: signing is turned on or off`)],
        ...PLACE,
    ],
};

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

/** Mail to operators. */
export const notification = UNNOTICED;
