/** What surrounds a gateway in the cluster: names of things, who reaches whom, and helpers beside it. */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "./changes";
import { isMap, valueAt, type Difference, type Props } from "./differences";
import { always, nothing, objectName, type KindRule, type Run, type Verdict } from "./rule";
import { listed } from "./words";

export const namespace: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        says: `Namespace ${objectName(change)} goes with all that is in it`,
    }),
    replaced: (change) => ({
        code: "data-deleted",
        says: `Namespace ${objectName(change)} is deleted with all that is in it, and made anew`,
    }),
    rows: [["metadata.name", nothing]],
};

/** GatewayProxy, IngressClass, GatewayClass, Gateway: what joins routes and callers to one gateway. */
export const wiring: KindRule = {
    deleted: (change) => ({
        code: "gateway-deleted",
        says: `${title(change)} goes: the gateway no longer hears of routes and callers`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and made anew: routes and callers may be gone meanwhile`,
    }),
    rows: [
        [
            "spec.**",
            (_, change) => ({
                code: "gateway-changed",
                says: `${title(change)}: routes and callers get to the gateway in another way`,
            }),
        ],
    ],
};

const title = (change: Change) => `${change.kind.split(" ")[1]} ${objectName(change)}`;

export const networkPolicy: KindRule = {
    created: (change) => ({
        code: "network-narrowed",
        says: `Network policy ${objectName(change)} is made: who is not in it is held off`,
        severity: "harmless",
    }),
    deleted: (change, run) =>
        // What it guarded goes too, which is told by that.
        run.changes.some(isGuarded)
            ? undefined
            : {
                  code: "opens-to-network",
                  says: `Network policy ${objectName(change)} goes: every pod reaches what it guarded`,
              },
    replaced: (change) => ({
        code: "opens-to-network",
        severity: "risk",
        says: `Network policy ${objectName(change)} is away for a moment`,
    }),
    rows: [
        ["spec.ingress", (d, change) => reach(d, change, "reach it", "spec.ingress")],
        ["spec.egress", (d, change) => reach(d, change, "be reached from it", "spec.egress")],
        ["spec.policyTypes", ({ old, new: now }, change) => types(change, old, now)],
        [
            "spec.podSelector",
            always(
                "opens-to-network",
                (change) => `Network policy ${objectName(change)} is for other pods: those of before are open`,
            ),
        ],
    ],
};

function isGuarded({ kind, op }: Change): boolean {
    return op === "delete" && ["dynamic RampartGraph", "kubernetes Release", "kubernetes Namespace"].includes(kind);
}

/** Rules of a policy let in; one that is wider, or one more, opens. */
function reach({ old, new: now }: Difference, change: Change, what: string, property: string): Verdict[] {
    const [before, after] = [rules(old), rules(now)];
    const isIn = (all: unknown[], one: unknown) => all.some((other) => isDeepStrictEqual(other, one));
    const more = after.filter((rule) => !isIn(before, rule));
    const gone = before.filter((rule) => !isIn(after, rule));
    const name = objectName(change);
    const inward = property === "spec.ingress";
    return [
        ...(more.length > 0
            ? [
                  {
                      code: "opens-to-network",
                      severity: inward ? undefined : "risk",
                      says: `Network policy ${name}: ${listed(more.map(ruleText))} may ${what}`,
                      property,
                      old: before,
                      new: after,
                  } as const,
              ]
            : []),
        ...(gone.length > 0
            ? [
                  {
                      code: "network-narrowed",
                      says: `Network policy ${name}: ${listed(gone.map(ruleText))} may no longer ${what}`,
                      property,
                      old: before,
                      new: after,
                  } as const,
              ]
            : []),
    ].map(({ severity, ...verdict }: Verdict) => (severity ? { severity, ...verdict } : verdict));
}

function types(change: Change, old: unknown, now: unknown): Verdict {
    const fewer = rules(old).some((type) => !rules(now).includes(type));
    const name = objectName(change);
    return fewer
        ? { code: "opens-to-network", says: `Network policy ${name} guards less than before` }
        : { code: "network-narrowed", says: `Network policy ${name} guards more than before` };
}

function rules(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

function ruleText(rule: unknown): string {
    const { from, to, ports } = (isMap(rule) ? rule : {}) as { from?: unknown[]; to?: unknown[]; ports?: Props[] };
    const who = from ?? to;
    const by = ports ? ` (port ${ports.map(({ port }) => String(port)).join(", ")})` : "";
    return `${who && who.length > 0 ? JSON.stringify(who) : "everybody"}${by}`;
}

export const budget: KindRule = {
    deleted: (change) => ({
        code: "protection-weakened",
        says: `${title(change)} goes: a drain may take all pods at once`,
    }),
    replaced: nothing,
    rows: [
        [
            "spec.**",
            always("protection-weakened", (change) => `${title(change)}: how many pods may be away at once changes`),
        ],
    ],
};

/** Connectors and counters. Others are not this project's. */
export const deployment: KindRule = {
    deleted: (change, run) =>
        isCounters(change)
            ? counters(change, run, "go")
            : { code: "way-in-removed", says: `${title(change)} goes: what it led to is not reached any more` },
    replaced: (change, run) =>
        isCounters(change)
            ? counters(change, run, "are away")
            : { code: "service-interrupted", says: `${title(change)} is deleted and made anew` },
    rows: [
        ["spec.replicas", fewer],
        [
            "spec.template.**",
            (_, change, run) => (isCounters(change) ? counters(change, run, "restart") : rolled(change)),
        ],
        [
            "spec.strategy.**",
            always("gateway-changed", (change) => `${title(change)}: pods are replaced in another way`),
        ],
    ],
};

const isCounters = (change: Change) => /-counters$/.test(objectName(change));

function counters(_: Change, { config }: Run, does: string): Verdict {
    const allows = /"whenDown":\s*"allow"/.test(config["alpa-auth:gateway"] ?? "");
    return allows
        ? {
              code: "pods-restart",
              says: `The counters of limits ${does}: meanwhile nobody is held to a limit, and counts begin again`,
          }
        : {
              code: "service-interrupted",
              says: `The counters of limits ${does}: callers with limits get 500 meanwhile, and counts begin again`,
          };
}

function rolled(change: Change): Verdict {
    const replicas = Number(valueAt(change.new, ["spec", "replicas"]) ?? 1);
    return replicas > 1
        ? { code: "pods-restart", says: `${title(change)}: its pods are replaced, one after another` }
        : { code: "service-interrupted", says: `${title(change)}: its only pod restarts` };
}

function fewer({ old, new: now }: Difference, change: Change): Verdict {
    const says = `${title(change)}: ${String(old)} pods become ${String(now)}`;
    return Number(now) < Number(old)
        ? { code: "gateway-changed", says }
        : { code: "gateway-changed", severity: "harmless", says };
}

export const service: KindRule = {
    deleted: (change) => ({ code: "way-in-removed", says: `${title(change)} goes` }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and made anew, with another address`,
    }),
    rows: [
        ["spec.type", always("opens-to-network", (change) => `${title(change)} is reached in another way`)],
        ["spec.**", always("gateway-changed", (change) => `${title(change)} leads elsewhere`)],
    ],
};

export const apisixTls: KindRule = {
    created: (change) => ({ code: "way-in-added", says: `${title(change)}: HTTPS is served` }),
    deleted: (change) => ({ code: "way-in-removed", says: `${title(change)} goes: HTTPS is not served any more` }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and made anew: no HTTPS meanwhile`,
    }),
    rows: [
        ["spec.hosts", hosts],
        ["spec.secret.**", always("certificate-changed", () => "The gateway shows another certificate")],
    ],
};

export const certificate: KindRule = {
    deleted: (change) => ({ code: "certificate-changed", says: `${title(change)} goes: nobody renews it` }),
    replaced: (change) => ({ code: "certificate-changed", says: `${title(change)} is issued anew` }),
    rows: [
        ["spec.dnsNames", hosts],
        ["spec.**", always("certificate-changed", (change) => `${title(change)} is issued anew`)],
    ],
};

function hosts({ old, new: now }: Difference, change: Change): Verdict[] {
    const gone = rules(old)
        .filter((host) => !rules(now).includes(host))
        .map(String);
    const more = rules(now)
        .filter((host) => !rules(old).includes(host))
        .map(String);
    return [
        ...(gone.length > 0
            ? [
                  {
                      code: "way-in-removed",
                      says: `${title(change)}: no certificate for ${listed(gone)} any more`,
                  } as const,
              ]
            : []),
        ...(more.length > 0
            ? [{ code: "way-in-added", says: `${title(change)}: a certificate for ${listed(more)} too` } as const]
            : []),
    ];
}

/** Definitions of kinds. With one goes every object of its kind, other people's too. */
export const definition: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        says: `${title(change)} goes, and with it every object of its kind in the cluster`,
    }),
    replaced: (change) => ({
        code: "data-deleted",
        says: `${title(change)} is deleted with every object of its kind, and made anew`,
    }),
    rows: [["spec.**", always("gateway-changed", (change) => `${title(change)}: the definition is another version`)]],
};

/** The way into the cluster or the account. */
export const provider: KindRule = {
    created: nothing,
    deleted: nothing,
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Provider ${change.name} is another: all that it made is made anew`,
    }),
    rows: [
        ["version", nothing],
        ["pluginDownloadURL", nothing],
        [
            "**",
            (_, change) => ({
                code: "other-change",
                says: `Provider ${change.name}: the cluster or the account is reached in another way`,
            }),
        ],
    ],
};
