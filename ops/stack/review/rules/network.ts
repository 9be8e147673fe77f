/** Network policies: which pods can reach each other. */
import { isDeepStrictEqual } from "node:util";
import { openTo } from "../../../../policy/resources/network";
import { at, isMap, isUnknown, list, map, type Tree } from "../../../../policy/resources/values";
import { METRICS_PORT } from "../../../../components/kubernetes/network-policies";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import type { Severity } from "../finding";
import { always, goes, objectName, when, type KindRule, type Run, type Verdict, type Verdicts } from "../rule";
import { listed } from "../values-text";
import { comeAlong, goesWithRay, namespaceOf } from "./pods";

export const networkPolicy: KindRule = {
    created,
    deleted,
    replaced: (change) => ({
        code: "opens-to-network",
        says: `Network policy ${objectName(change)} does not exist for a moment`,
        severity: "risk",
    }),
    rows: [
        ["spec.ingress", (d, change) => reach(d, `Network policy ${objectName(change)}`, "ingress")],
        ["spec.egress", (d, change) => reach(d, `Network policy ${objectName(change)}`, "egress")],
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

const podsOf = ({ new: now, old }: Change) => at(now ?? old, "spec.podSelector.matchLabels");

type Direction = "ingress" | "egress";
const REACH = { ingress: "reach its pods", egress: "be reached from its pods" };

/** Directions that a policy restricts, with the default of Kubernetes. */
function directionsOf(policy: unknown): Direction[] {
    const { policyTypes, egress } = map(at(policy, "spec"));
    const isRestricted = { ingress: true, egress: list(egress).length > 0 };
    return (["ingress", "egress"] as const).filter((one) =>
        policyTypes === undefined
            ? isRestricted[one]
            : list(policyTypes).some((type) => String(type).toLowerCase() === one),
    );
}

const rulesOf = (policy: unknown, direction: Direction) => list(at(policy, `spec.${direction}`));

/** Conditions that a policy's pods meet. */
function conditionsOf(policy: unknown): unknown[] {
    const { matchLabels, matchExpressions } = map(at(policy, "spec.podSelector"));
    return [...Object.entries(map(matchLabels)), ...list(matchExpressions)];
}

/** Whether `wider` selects all pods that `policy` selects. */
function selectsAll(wider: unknown, policy: unknown): boolean {
    const own = conditionsOf(policy);
    return conditionsOf(wider).every((one) => isIn(own, one));
}

/** Whether a pod can have the labels of both policies. */
function overlap(one: unknown, other: unknown): boolean {
    const [labels, theirs] = [one, other].map((policy) => map(at(policy, "spec.podSelector.matchLabels")));
    return Object.keys(labels).every((label) => !(label in theirs) || theirs[label] === labels[label]);
}

/** Other policies of the namespace that restrict the direction, before or after the run; undefined without a state. */
function others(
    change: Change,
    { state, changes }: Run,
    direction: Direction,
    time: "old" | "new",
): Tree[] | undefined {
    const changed = changes.filter(({ kind }) => kind === change.kind);
    const unchanged = state?.filter(
        (one) => one.type === change.type && !one.delete && !changed.some(({ urn }) => urn === one.urn),
    );
    const policies = [...(unchanged ?? []).map(({ inputs }) => inputs), ...changed.map((one) => one[time])];
    return (
        unchanged &&
        policies.filter(
            (one): one is Tree =>
                one !== undefined &&
                one !== change[time] &&
                at(one, "metadata.namespace") === namespaceOf(change) &&
                directionsOf(one).includes(direction),
        )
    );
}

/** Judges a deleted policy. If another policy still selects its pods, they are closed to the peers that it admitted. */
function deleted(change: Change, run: Run): Verdict[] {
    // The protected objects are deleted too, and have their own findings.
    if (run.changes.some((other) => goes(other) && isGuarded(change, other))) return [];
    if (comeAlong(run, "delete", change, podsOf(change)) || goesWithRay(run, change)) return [];
    const title = `Network policy ${objectName(change)} is deleted`;
    const directions = directionsOf(change.old);
    const left = (direction: Direction) =>
        (others(change, run, direction, "new") ?? []).filter((one) => selectsAll(one, change.old));
    const closed = directions.filter((direction) => left(direction).length > 0);
    return [
        ...when(closed.length < directions.length, {
            code: "opens-to-network",
            says: `${title}: every pod can reach what it protected`,
        }),
        ...closed.flatMap((direction) => {
            const now = left(direction).flatMap((one) => rulesOf(one, direction));
            return reach({ old: [...now, ...rulesOf(change.old, direction)], new: now }, title, direction);
        }),
    ];
}

/** Judges a new policy. It opens pods that another policy already selects, and closes pods that no policy selects. */
function created(change: Change, run: Run): Verdict[] {
    const title = `Network policy ${objectName(change)} is created`;
    if (isUnknown(at(change.new, "spec.ingress")))
        return [
            {
                code: "unknown-until-apply",
                says: `${title}: whom it admits is known only when the change is applied`,
            },
        ];
    const isNew = run.changes.some((other) => other.op === "create" && isGuarded(change, other));
    const comes = comeAlong(run, "create", change, podsOf(change));
    if (isNew || comes)
        return [...entry(change, title, [...(isNew ? DATA : []), ...(comes ? TOLD : [])]), narrowed(title, "harmless")];
    const isFree = (direction: Direction) =>
        !others(change, run, direction, "old")?.some((one) => selectsAll(one, change.new));
    const directions = directionsOf(change.new);
    const admits = directions.some((direction) => rulesOf(change.new, direction).length > 0);
    return [
        ...directions.flatMap((direction) => opened(change, run, title, direction)),
        ...when(directions.some(isFree), narrowed(title, admits ? "harmless" : "risk")),
    ];
}

const narrowed = (title: string, severity: Severity): Verdict => ({
    code: "network-narrowed",
    says: `${title}: peers that no policy admits are blocked`,
    severity,
});

/** Judges whom the policy of new pods admits. @param entries ports without a finding */
function entry({ new: now }: Change, title: string, entries: unknown[]): Verdict[] {
    const rules = rulesOf(now, "ingress").filter((rule) => !isInside(rule));
    return when(rules.length > 0, {
        code: rules.every((rule) => hasOnly(rule, new Set(entries))) ? "access-added" : "opens-to-network",
        says: `${title}: ${listed(rules.map(ruleText))} may reach its pods`,
        property: "spec.ingress",
        new: rulesOf(now, "ingress"),
    });
}

/** Judges whom a new policy admits to pods that other policies select. Without a state, another policy may select them. */
function opened(change: Change, run: Run, title: string, direction: Direction): Verdict[] {
    const before = others(change, run, direction, "old");
    if (before?.some((one) => overlap(one, change.new)) === false) return [];
    const old = (before ?? []).filter((one) => selectsAll(one, change.new)).flatMap((one) => rulesOf(one, direction));
    const rules = rulesOf(change.new, direction);
    return reach({ old, new: [...old, ...rules] }, title, direction).map((verdict) => ({
        ...verdict,
        ...(before === undefined && rules.every(isInside) && { severity: "risk" }),
        old: undefined,
        new: rules,
    }));
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
function reach({ old, new: now }: Pick<Difference, "old" | "new">, title: string, direction: Direction): Verdict[] {
    const [before, after] = [list(old), list(now)];
    const more = after
        .filter((rule) => !before.some((other) => isWithin(rule, other)))
        .map((rule) => without(rule, before));
    // The gateway requires a credential on each of its ports.
    const isEntry = more.every((rule) => hasOnly(rule, DATA) && before.some((other) => isToSame(rule, other)));
    const isMetrics = (rules: unknown[]) => rules.every((rule) => hasOnly(rule, METRICS) && isInside(rule));
    const gone = before
        .filter((rule) => !after.some((other) => isWithin(rule, other)))
        .map((rule) => without(rule, after));
    const evidence = { property: `spec.${direction}`, old: before, new: after };
    return [
        ...when(more.length > 0, {
            code: "opens-to-network",
            severity: direction === "ingress" && !isEntry && !isMetrics(more) ? undefined : "risk",
            says: `${title}: ${listed(more.map(ruleText))} may ${REACH[direction]}`,
            ...evidence,
        }),
        ...when(gone.length > 0, {
            code: "network-narrowed",
            // No caller uses the metrics.
            severity: isMetrics(gone) ? "harmless" : undefined,
            says: `${title}: ${listed(gone.map(ruleText))} may no longer ${REACH[direction]}`,
            ...evidence,
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
