/** Objects that change although no component above them does, and objects that another version of the program renders differently. */
import { DONE, titleOf, type Change } from "./changes";
import { pathText } from "./differences";
import type { Family } from "./family";
import { finding, type Evidence, type Finding, type Severity } from "./finding";
import { KINDS } from "./kinds";
import { listed, nameOf, shownSides } from "./values-text";
import { hasSecret, valueAt, type Path } from "../../../policy/resources/values";

/** Findings about unexplained changes, one for each component. */
export function unexplained(changes: Change[], family: Family): Finding[] {
    const groups = new Map<string, Change[]>();
    for (const change of changes) {
        const rules = KINDS[change.kind];
        if (rules === undefined || rules.objectless || change.leftover || change.retained) continue;
        if (family.explains(change) || family.isOfRevoked(change) || isLogin(change, rules.login)) continue;
        const key = JSON.stringify([family.componentOf(change.urn), severityOf(change)]);
        groups.set(key, [...(groups.get(key) ?? []), change]);
    }
    return [...groups.values()].map((group) => groupFinding(group, family));
}

const isLogin = ({ fields }: Change, login: string[] = []) =>
    fields.length > 0 && fields.every(({ path }) => login.includes(String(path[0])));

/** An object that authenticates, routes, opens or counts, and is deleted, is as dangerous as its deletion by hand. */
function severityOf({ kind, op }: Change): Severity {
    return (op === "delete" || op === "replace") && !KINDS[kind]?.lesser ? "breaks-callers" : "risk";
}

/** Most objects that a sentence names. */
const NAMED = 5;

function groupFinding(group: Change[], family: Family): Finding {
    const component = family.componentOf(group[0].urn) ?? "the stack";
    const titles = group.slice(0, NAMED).map((change) => `${titleOf(change)} is ${DONE[change.op]}`);
    const objects = listed([...titles, ...(group.length > NAMED ? [`${group.length - NAMED} more`] : [])]);
    const says = family.isOtherProgram
        ? `This version of the program renders ${component} differently: ${objects}`
        : `${component}: no setting explains that ${objects}`;
    return finding("unexplained", says, { severity: severityOf(group[0]), evidence: group.flatMap(fieldsOf) });
}

/** Evidence for each changed field of an object; for an object without any, for the object. */
export function fieldsOf({ op, urn, name, kind, old, new: now, fields }: Change): Evidence[] {
    const at = { resource: name, urn };
    if (op === "create") return [{ ...at, new: "made" }];
    if (op === "delete") return [{ ...at, old: "deleted" }];
    if (fields.length === 0) return [at];
    return fields.map((field) => {
        const path = placeOf(kind, field.path, [old, now]);
        // If the value is secret before and after the change, the review shows only that it changes.
        const isHidden = field.hidden && !hasSecret(field.old);
        return { ...at, property: pathText(field.path), ...(!isHidden && shownSides(field.old, field.new, path)) };
    });
}

/** Path of a value. The names in it decide whether the value is hidden as a secret. */
function placeOf(kind: string, path: Path, sides: unknown[]): Path {
    const names = sides.flatMap((side) => nameOf(valueAt(side, path.slice(0, -1)), path.at(-1)));
    const all = [...path, ...names];
    return kind === "kubernetes Secret" && path[0] === "data" ? ["stringData", ...all.slice(1)] : all;
}
