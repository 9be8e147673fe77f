/** Findings of a run: each change is judged by the rule of its kind, and a change without a rule is a risk. */
import { hasSecret, hasUnknown } from "../../../policy/resources/unknown";
import { valueAt, type Path } from "../../../policy/resources/values";
import type { Change } from "./changes";
import { differencesOf } from "./changes";
import { covers, type Difference, parsePath, pathText } from "./differences";
import { byDanger, CODES, type Evidence, type Finding } from "./finding";
import { nothing, objectName, patternOf, type KindRule, type Run, type Verdict, type Verdicts } from "./rule";
import { COMMON, ruleOf } from "./rules";
import { titleOf } from "./resource-title";
import { nameOf, shown, veiled, withoutSecrets } from "./values-text";

export function runOf(changes: Change[], config: Run["config"], today: Date, state: Run["state"]): Run {
    return {
        changes,
        objects: new Map(
            changes
                .filter(({ leftover }) => !leftover)
                .map((change) => [`${change.kind} ${objectName(change)}`, change]),
        ),
        config,
        today,
        state,
    };
}

/** Findings, the most dangerous first. */
export function judge(run: Run): Finding[] {
    const found = new Map<string, Finding>();
    for (const change of run.changes)
        for (const { verdict, difference } of verdictsOf(change, run)) {
            const severity = verdict.severity ?? CODES[verdict.code][0];
            const says = withoutSecrets(verdict.says);
            const key = JSON.stringify([verdict.code, severity, says]);
            const finding = found.get(key) ?? {
                code: verdict.code,
                severity,
                says,
                evidence: [],
                todo: CODES[verdict.code][1],
            };
            finding.evidence.push(evidenceOf(change, verdict, difference));
            found.set(key, finding);
        }
    return [...found.values()].sort(byDanger);
}

interface Judged {
    verdict: Verdict;
    difference?: Difference;
}

function verdictsOf(change: Change, run: Run): Judged[] {
    const rule = ruleOf(change);
    if (rule === undefined) return [{ verdict: strange(change) }];
    if (change.leftover) return rule.deleted === nothing ? [] : [{ verdict: cleared(change) }];
    if (change.op === "create") return listed(rule.created ? rule.created(change, run) : added(change));
    if (change.op === "delete")
        return listed(change.retained ? leftBehind(change, rule, run) : rule.deleted(change, run));
    const whole =
        change.op === "replace" ? [...listed(recreated(change, rule)), ...listed(rule.replaced(change, run))] : [];
    return [...whole, ...ofProperties(change, rule, run)];
}

function ofProperties(change: Change, rule: KindRule, run: Run): Judged[] {
    const rows = [...rule.rows, ...COMMON].map(([at, ask]) => ({ pattern: patternOf(at), ask }));
    const found = differencesOf(
        change,
        rows.map(({ pattern }) => pattern),
    );
    if (found.length === 0 && change.op === "update" && !rule.rows.some(([at]) => at === "**"))
        return [
            {
                verdict: {
                    code: "other-change",
                    says: `${titleOf(change)} changes, but the preview does not show which property`,
                },
            },
        ];
    return found.flatMap((difference) => {
        const row = rows.find(({ pattern }) => covers(pattern, difference.path));
        const verdicts = row ? row.ask(difference, change, run) : other(change, difference);
        return listed(verdicts).map(({ verdict }) => ({ verdict: orUnknown(verdict, change, difference), difference }));
    });
}

/** Returns the verdict. If the new value is not known yet, returns `unknown-until-apply`, because no rule can judge it. */
function orUnknown(verdict: Verdict, change: Change, { new: now }: Difference): Verdict {
    const unknown = typeof now === "string" && hasUnknown(now) && verdict.code !== "unknown-until-apply";
    return unknown ? { code: "unknown-until-apply", says: untilApplied(change) } : verdict;
}

function untilApplied(change: Change): string {
    return `${titleOf(change)} changes, and its new value is known only when the change is applied`;
}

function other(change: Change, difference: Difference): Verdict {
    const title = titleOf(change);
    if (hasUnknown(difference.new)) return { code: "unknown-until-apply", says: untilApplied(change) };
    return { code: "other-change", says: `${title} changes in a property that this review does not know` };
}

function strange(change: Change): Verdict {
    const does = { create: "created", update: "changed", replace: "replaced", delete: "deleted" }[change.op];
    return {
        code: "unknown-resource",
        says: `${titleOf(change)} is ${does}: this review does not know this kind of resource`,
    };
}

function cleared(change: Change): Verdict {
    return { code: "deleted", says: `${titleOf(change)}, which an earlier run replaced, is deleted now` };
}

function added(change: Change): Verdict {
    return { code: "added", says: `${titleOf(change)} is created` };
}

function recreated({ renamed, name }: Change, rule: KindRule): Verdicts {
    if (renamed === undefined || rule.rows.some(([at]) => at === "**")) return undefined;
    return {
        code: "re-created",
        says: `${renamed} is renamed to ${name} without an alias: Pulumi creates the object again, and then deletes the same object`,
    };
}

/**
 * Reports an object that Pulumi stops managing but does not delete. Reports nothing if even deleting it would be harmless.
 */
function leftBehind(change: Change, rule: KindRule, run: Run): Verdicts {
    if (listed(rule.deleted(change, run)).length === 0) return undefined;
    return { code: "left-behind", says: `${titleOf(change)} is kept, and this stack no longer manages it` };
}

function listed(verdicts: Verdicts): Judged[] {
    const all = verdicts === undefined ? [] : Array.isArray(verdicts) ? verdicts : [verdicts];
    return all.map((verdict) => ({ verdict }));
}

function evidenceOf(change: Change, verdict: Verdict, difference?: Difference): Evidence {
    const { op } = change;
    const [name, urn] = [change.name, change.urn].map(withoutSecrets);
    const at = verdict.property ?? (difference && pathText(difference.path));
    const property = at === undefined ? undefined : withoutSecrets(at);
    const sides = "old" in verdict || "new" in verdict ? verdict : difference;
    const path = placeOf(change, verdict, difference);
    const old = sides ? shown(veiled(sides.old, sides.new), path) : undefined;
    const now = sides ? shown(veiled(sides.new, sides.old), path) : undefined;
    if (property === undefined) return { resource: name, urn, ...(EXISTS[op] as object) };
    // If the value is secret before and after the change, the review shows only that it changes.
    const hidden = difference?.hidden && !hasSecret(difference.old) ? {} : undefined;
    return {
        resource: name,
        urn,
        property,
        ...(hidden ?? { ...(old !== undefined && { old }), ...(now !== undefined && { new: now }) }),
    };
}

/** Path of the value that the finding shows. The names in the path decide whether the value is hidden as a secret. */
function placeOf({ kind, old, new: now }: Change, { property }: Verdict, difference?: Difference): Path {
    const at = difference?.path ?? [];
    const names = [old, now].flatMap((side) => nameOf(valueAt(side, at.slice(0, -1)), at.at(-1)));
    const path = [...at, ...(property === undefined ? [] : parsePath(property)), ...names];
    return kind === "kubernetes Secret" && path[0] === "data" ? ["stringData", ...path.slice(1)] : path;
}

const EXISTS = {
    create: { new: "made" },
    delete: { old: "deleted" },
    replace: { old: "deleted", new: "made" },
    update: {},
} as const;
