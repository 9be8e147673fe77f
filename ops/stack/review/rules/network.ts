/** Network policies: which pods can reach each other. */
import { isDeepStrictEqual } from "node:util";
import { openTo } from "../../../../policy/resources/network";
import { at, isMap, isUnknown, list, map } from "../../../../policy/resources/values";
import { METRICS_PORT, POLICY_PREFIX } from "../../../../components/kubernetes/network-policies";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, goes, objectName, when, type KindRule, type Run, type Verdict, type Verdicts } from "../rule";
import { listed } from "../values-text";
import { comeAlong, goesWithRay, namespaceOf } from "./pods";

export const networkPolicy: KindRule = {
    created,
    deleted: (change, run) =>
        // The protected objects are deleted too, and have their own findings.
        run.changes.some((other) => goes(other) && isGuarded(change, other)) ||
        comeAlong(run, "delete", change, podsOf(change)) ||
        goesWithRay(run, change)
            ? undefined
            : staysClosed(change, run)
              ? {
                    code: "network-narrowed",
                    severity: "harmless",
                    says: `Network policy ${objectName(change)} is deleted, and policy ${POLICY_PREFIX}closed still blocks its pods: ${CLOSED[objectName(change)]}`,
                }
              : {
                    code: "opens-to-network",
                    says: `Network policy ${objectName(change)} is deleted: every pod can reach what it protected`,
                },
    replaced: (change) => ({
        code: "opens-to-network",
        says: `Network policy ${objectName(change)} does not exist for a moment`,
        severity: "risk",
    }),
    rows: [
        ["spec.ingress", (d, change) => reach(d, change, "reach its pods", "spec.ingress")],
        ["spec.egress", (d, change) => reach(d, change, "be reached from its pods", "spec.egress")],
        ["spec.policyTypes", ({ old, new: now }, change) => types(change, old, now)],
        [
            "spec.podSelector",
            always(
                "opens-to-network",
                (change) =>
                    `Network policy ${objectName(change)} selects other pods. It no longer protects the pods that it selected before`,
            ),
        ],
    ],
};

/** Whether the other object is the policy's namespace, or is in it. */
function isGuarded(policy: Change, other: Change): boolean {
    const namespace = String(namespaceOf(policy));
    const its = String(namespaceOf(other));
    if (other.kind === "kubernetes Namespace") return objectName(other) === namespace;
    if (other.kind === "kubernetes Release") return its === namespace;
    // Rampart creates a namespace for each component of a graph.
    return other.kind === "dynamic RampartGraph" && namespace.startsWith(`${its}-${objectName(other)}-`);
}

/**
 * Policies that admit some pods although policy `closed` blocks all. The text says what stops working when the policy is
 * deleted and `closed` remains.
 */
const CLOSED: Record<string, string> = {
    [`${POLICY_PREFIX}metrics`]: "the metrics of the gateway are closed to scrapers",
    [`${POLICY_PREFIX}etcd`]: "etcd is no longer in the namespace of APISIX",
};

function staysClosed(change: Change, { changes }: Run): boolean {
    const closed = changes.find(
        (other) =>
            objectName(other) === `${POLICY_PREFIX}closed` &&
            String(namespaceOf(other)) === String(namespaceOf(change)),
    );
    return objectName(change) in CLOSED && !(closed && goes(closed));
}

const podsOf = ({ new: now, old }: Change) => at(now ?? old, "spec.podSelector.matchLabels");

/** Judges a new policy. It admits the peers that it lists, and a pod's first policy blocks all other peers. */
function created(change: Change, run: Run): Verdict[] {
    const { ingress, egress } = map(change.new?.spec);
    const opens = list(ingress).filter((rule) => !isInside(rule));
    const guardsNew = run.changes.some((other) => other.op === "create" && isGuarded(change, other));
    const isEntry =
        (guardsNew && opens.every((rule) => hasOnly(rule, DATA))) ||
        (comeAlong(run, "create", change, podsOf(change)) && opens.every((rule) => hasOnly(rule, TOLD)));
    const none = !guardsNew && list(ingress).length === 0 && list(egress).length === 0;
    const name = objectName(change);
    if (isUnknown(ingress))
        return [
            {
                code: "unknown-until-apply",
                says: `Network policy ${name} is created: whom it admits is known only when the change is applied`,
            },
        ];
    return [
        ...when(opens.length > 0, {
            code: isEntry ? "access-added" : "opens-to-network",
            says: `Network policy ${name} is created: ${listed(opens.map(ruleText))} may reach its pods`,
            property: "spec.ingress",
            new: ingress,
        }),
        {
            code: "network-narrowed",
            says: `Network policy ${name} is created: peers that no policy admits are blocked`,
            ...(!none && { severity: "harmless" as const }),
        },
    ];
}

/** Whether a rule admits only pods that it selects by a label. */
const isInside = (rule: unknown) => openTo(rule, "missing") === undefined;

function hasOnly(rule: unknown, numbers: Set<unknown>): boolean {
    const ports = list(at(rule, "ports"));
    return ports.length > 0 && ports.every((one) => isMap(one) && one.endPort === undefined && numbers.has(one.port));
}

/** Ports that a new gateway opens for callers. */
const DATA = new Set<unknown>([9080, 9443]);
/** Port with metrics about all callers. */
const METRICS = new Set<unknown>([METRICS_PORT]);
/** Port with readiness and metrics of the connectors. */
const TOLD = new Set<unknown>([2000]);

/** Whether rule `wider` allows all traffic that `rule` allows. */
function isWithin(rule: unknown, wider: unknown): boolean {
    if (!isMap(rule) || !isMap(wider)) return false;
    return (["from", "to", "ports"] as const).every((key) => {
        const [few, many] = [list(rule[key]), list(wider[key])];
        // A missing or empty list means all peers, or all ports.
        return many.length === 0 || (few.length > 0 && few.every((one) => isIn(many, one)));
    });
}

/** Returns the rule without the ports that `others` already open to its peers. */
function without(rule: unknown, others: unknown[]): unknown {
    if (!isMap(rule)) return rule;
    const isOpen = (port: unknown) => others.some((other) => isWithin({ ...rule, ports: [port] }, other));
    const ports = list(rule.ports).filter((port) => !isOpen(port));
    return ports.length > 0 ? { ...rule, ports } : rule;
}

function isToSame(rule: unknown, other: unknown): boolean {
    return isMap(rule) && isMap(other) && isDeepStrictEqual(rule.from, other.from) && hasOnly(other, DATA);
}

const isIn = (all: unknown[], one: unknown) => all.some((other) => isDeepStrictEqual(other, one));

/** Judges the rules of a policy: a wider or additional rule admits more peers. */
function reach({ old, new: now }: Difference, change: Change, what: string, property: string): Verdict[] {
    const [before, after] = [list(old), list(now)];
    const more = after
        .filter((rule) => !before.some((other) => isWithin(rule, other)))
        .map((rule) => without(rule, before));
    // The gateway requires a credential on each of its ports.
    const isEntry = more.every((rule) => hasOnly(rule, DATA) && before.some((other) => isToSame(rule, other)));
    const isMetrics = more.every((rule) => hasOnly(rule, METRICS) && isInside(rule));
    const gone = before
        .filter((rule) => !after.some((other) => isWithin(rule, other)))
        .map((rule) => without(rule, after));
    const name = objectName(change);
    const inward = property === "spec.ingress";
    return [
        ...when(more.length > 0, {
            code: "opens-to-network",
            severity: inward && !isEntry && !isMetrics ? undefined : "risk",
            says: `Network policy ${name}: ${listed(more.map(ruleText))} may ${what}`,
            property,
            old: before,
            new: after,
        }),
        ...when(gone.length > 0, {
            code: "network-narrowed",
            says: `Network policy ${name}: ${listed(gone.map(ruleText))} may no longer ${what}`,
            property,
            old: before,
            new: after,
        }),
    ];
}

function types(change: Change, old: unknown, now: unknown): Verdicts {
    const fewer = list(old).some((type) => !list(now).includes(type));
    const name = objectName(change);
    if (!fewer && list(now).every((type) => list(old).includes(type))) return undefined;
    return fewer
        ? { code: "opens-to-network", says: `Network policy ${name} protects less than before` }
        : { code: "network-narrowed", says: `Network policy ${name} protects more than before` };
}

function ruleText(rule: unknown): string {
    const { from, to, ports } = map(rule);
    const who = list(from ?? to);
    const numbers = list(ports).map((one) => String(isMap(one) ? one.port : one));
    const by = ports ? ` (port ${numbers.join(", ")})` : "";
    return `${who.length > 0 ? JSON.stringify(who) : "all peers"}${by}`;
}
