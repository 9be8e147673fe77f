/** Network policies: who reaches whom in the cluster. */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../changes";
import { isMap, type Difference, type Props } from "../differences";
import { always, objectName, type KindRule, type Verdict } from "../rule";
import { listed } from "../words";

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
