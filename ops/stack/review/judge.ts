/**
 * Findings of a run: what its components become, what happens to objects that hold state or serve callers, and which objects
 * change although nothing explains it.
 */
import { changesOf, DONE, partsOf, titleOf, type Change } from "./changes";
import { parsePath, pathText } from "./differences";
import { byDanger, finding, type Evidence, type Finding } from "./finding";
import { effectOn, KINDS } from "./kinds";
import { judgeMeanings, type Judged } from "./meanings";
import { say, type Cell, type PartChange, type Verdict } from "./meanings/row";
import { familyOf } from "./family";
import type { ResourceState, Step } from "./preview";
import { unexplained } from "./unexplained";
import { shownSides } from "./values-text";

/** Findings of a preview, the most dangerous first. @param state resources before the run */
export function judge(steps: Step[], today: Date, state: ResourceState[] = []): Finding[] {
    const parts = partsOf(steps, state);
    const changes = changesOf(steps);
    const family = familyOf(steps, state, parts);
    const ofKinds = changes.flatMap((change) =>
        verdictsOn(change, family.isCovered(change.urn)).map(({ code, says, severity, property }) => {
            const place = property === undefined ? existsOf(change) : { property };
            return finding(code, says, { severity, evidence: [{ resource: change.name, urn: change.urn, ...place }] });
        }),
    );
    return collected([...meaningFindings(parts, today), ...ofKinds, ...unexplained(changes, family)]);
}

/** Findings about changed components, for example of two configs. */
export function meaningFindings(parts: PartChange[], today: Date): Finding[] {
    return collected(judgeMeanings(parts, today).map(partFinding));
}

/** Judges what happens to a resource as a whole, whatever caused it. @param isCovered whether the component above judges it */
function verdictsOn(change: Change, isCovered: boolean): Verdict[] {
    const { kind, op, leftover, retained, renamed, name } = change;
    const rules = KINDS[kind];
    const title = titleOf(change);
    const unless = (isSilent: unknown, ...cell: Cell) => (isSilent ? [] : [say(cell)]);
    if (rules === undefined)
        return [say(["unknown-resource", `${title} is ${DONE[op]}: this review does not know this kind of resource`])];
    if (rules.changed) return rules.changed(change);
    if (leftover) return unless(rules.objectless, "deleted", `${title}, which an earlier run replaced, is deleted now`);
    if (op === "delete" && retained)
        return unless(!rules.deleted, "left-behind", `${title} is kept, and this stack no longer manages it`);
    if (op === "delete") return isCovered ? [] : effectOn(change, rules.deleted);
    if (op !== "replace") return [];
    const again = `${renamed} is renamed to ${name} without an alias: Pulumi creates the object again, and then deletes the same object`;
    return [
        ...unless(renamed === undefined || rules.objectless, "re-created", again),
        ...effectOn(change, rules.replaced),
    ];
}

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
    const { code, says, severity } = verdict;
    const property = verdict.property ?? (difference && pathText(difference.path));
    const sides = "old" in verdict || "new" in verdict ? verdict : difference;
    const values =
        sides && property !== undefined
            ? { property, ...shownSides(sides.old, sides.new, parsePath(property)) }
            : existsOf(part);
    return finding(code, says, { severity, evidence: [{ resource: part.name, urn: part.urn, ...values }] });
}

/** What happens to a resource or component as a whole. */
function existsOf({ op, old, new: now }: Partial<Change>): Pick<Evidence, "old" | "new"> {
    const isReplaced = op === "replace";
    return {
        ...((now === undefined || isReplaced) && { old: "deleted" }),
        ...((old === undefined || isReplaced) && { new: "made" }),
    };
}
