/**
 * Findings of a run: what its components become, what happens to objects that hold state or serve callers, and which objects
 * change although nothing explains it.
 */
import { changesOf, DONE, partsOf, titleOf, type Change } from "./changes";
import { parsePath, pathText } from "./differences";
import { byDanger, finding, type Evidence, type Finding } from "./finding";
import { effectOn, KINDS } from "./kinds";
import { judgeMeanings, type Judged } from "./meanings";
import type { PartChange, Verdict } from "./meanings/row";
import { familyOf } from "./family";
import type { ResourceState, Step } from "./preview";
import { unexplained } from "./unexplained";
import { shownSides, withoutSecrets } from "./values-text";

/** Findings of a preview, the most dangerous first. @param state resources before the run. Default: unknown */
export function judge(steps: Step[], today: Date, state: ResourceState[] = []): Finding[] {
    const parts = partsOf(steps, state);
    const changes = changesOf(steps);
    const family = familyOf(steps, state, parts);
    return collected([
        ...meaningFindings(parts, today),
        ...changes.flatMap((change) => ofKind(change, family.isCovered(change.urn))),
        ...unexplained(changes, family),
    ]);
}

/** Findings about changed components, for example of two configs. */
export function meaningFindings(parts: PartChange[], today: Date): Finding[] {
    return collected(judgeMeanings(parts, today).map(partFinding));
}

/** Judges what happens to a resource as a whole, whatever caused it. @param isCovered whether the component above judges it */
function ofKind(change: Change, isCovered: boolean): Finding[] {
    const { kind, op, leftover, retained, renamed, name } = change;
    const rules = KINDS[kind];
    const found = (verdict: Verdict | undefined) =>
        verdict ? [findingOf(verdict, [evidenceOf(change, verdict)])] : [];
    if (rules === undefined) return found(strange(change));
    if (rules.changed) return rules.changed(change).flatMap(found);
    if (leftover)
        return rules.objectless
            ? []
            : found({ code: "deleted", says: `${titleOf(change)}, which an earlier run replaced, is deleted now` });
    if (op === "delete" && retained)
        return rules.deleted
            ? found({ code: "left-behind", says: `${titleOf(change)} is kept, and this stack no longer manages it` })
            : [];
    if (op === "delete") return isCovered ? [] : found(effectOn(change, rules.deleted));
    if (op !== "replace") return [];
    return [
        ...(renamed === undefined || rules.objectless
            ? []
            : found({
                  code: "re-created",
                  says: `${renamed} is renamed to ${name} without an alias: Pulumi creates the object again, and then deletes the same object`,
              })),
        ...found(effectOn(change, rules.replaced)),
    ];
}

function strange(change: Change): Verdict {
    return {
        code: "unknown-resource",
        says: `${titleOf(change)} is ${DONE[change.op]}: this review does not know this kind of resource`,
    };
}

const findingOf = ({ code, severity, says }: Verdict, evidence: Evidence[]) =>
    finding(code, says, { severity, evidence });

/** Merges findings with the same sentence, and sorts them. */
function collected(findings: Finding[]): Finding[] {
    const found = new Map<string, Finding>();
    for (const one of findings) {
        const key = JSON.stringify([one.code, one.severity, one.says]);
        const known = found.get(key);
        if (known) known.evidence.push(...one.evidence);
        else found.set(key, one);
    }
    return [...found.values()].sort(byDanger);
}

function partFinding({ verdict, part, difference }: Judged): Finding {
    const [resource, urn] = [part.name, part.urn].map(withoutSecrets);
    const property = verdict.property ?? (difference && pathText(difference.path));
    const sides = "old" in verdict || "new" in verdict ? verdict : difference;
    const values =
        sides && property !== undefined ? shownSides(sides.old, sides.new, parsePath(property)) : existsOf(part);
    return findingOf(verdict, [{ resource, urn, ...(property !== undefined && { property }), ...values }]);
}

function existsOf({ old, new: now }: PartChange): Pick<Evidence, "old" | "new"> {
    return { ...(now === undefined && { old: "deleted" }), ...(old === undefined && { new: "made" }) };
}

function evidenceOf({ op, name, urn }: Change, { property }: Verdict): Evidence {
    const exists = {
        create: { new: "made" },
        delete: { old: "deleted" },
        replace: { old: "deleted", new: "made" },
        update: {},
    }[op];
    const [resource, place] = [name, urn].map(withoutSecrets);
    return { resource, urn: place, ...(property === undefined ? exists : { property }) };
}
