/** Types of the rules. A rule describes how changes of one kind of resource affect callers, property by property. */
import { at, textOf } from "../../../policy/resources/values";
import type { Change } from "./changes";
import type { Difference } from "./differences";
import type { Code, Severity } from "./finding";

/** Judgement of a rule about a difference. The code that calls the rule adds the evidence. */
export interface Verdict {
    code: Code;
    /** One sentence without a full stop. */
    says: string;
    /** @default the severity of the code */
    severity?: Severity;
    /** Path of the part of the difference that is the evidence. Unset: the whole difference. */
    property?: string;
    old?: unknown;
    new?: unknown;
}

export type Verdicts = Verdict[] | Verdict | undefined;

/** All changes of a run, for rules about more than one resource. */
export interface Run {
    changes: Change[];
    /** Changes by kind and name of the object, for example `kubernetes Consumer lab`. */
    objects: Map<string, Change>;
    /** Config of the run by full key, secrets hidden. */
    config: Record<string, string>;
    today: Date;
}

/**
 * The rule for a property. The first row whose path covers a difference judges it. Values at this path are compared as a
 * whole.
 */
export type Row = readonly [at: string, judge: (difference: Difference, change: Change, run: Run) => Verdicts];

/** The rules for a kind of resource. */
export interface KindRule {
    /** Judges the creation of a resource. @default harmless, `added` */
    created?(change: Change, run: Run): Verdicts;
    deleted(change: Change, run: Run): Verdicts;
    /** Judges a replacement, in addition to the findings about its differences. */
    replaced(change: Change, run: Run): Verdicts;
    rows: Row[];
}

/** A verdict for changes without any effect on callers. */
export const nothing = (): undefined => undefined;

/** A kind whose changes never have an effect on callers. */
export const UNNOTICED: KindRule = {
    created: nothing,
    deleted: nothing,
    replaced: nothing,
    rows: [["**", nothing]],
};

/** Whether the object is really deleted: not if it is retained, or left over from a replacement. */
export const goes = ({ op, retained, leftover }: Change): boolean => op === "delete" && !retained && !leftover;

/** Name in the object's metadata, or else the resource's name. For a replaced object, the earlier name: callers know it. */
export function objectName({ op, new: now, old, name }: Change): string {
    return textOf(at((op === "replace" ? old : now) ?? now ?? old, "metadata.name")) || name;
}

/** `PodDisruptionBudget alpa-auth-cloudflared`. */
export function objectTitle(change: Change): string {
    return `${change.kind.split(" ")[1]} ${objectName(change)}`;
}

/** Parts of a path, separated by `/` if a name has dots, and otherwise by `.`. */
export function patternOf(at: string): string[] {
    return at.split(at.includes("/") ? "/" : ".");
}

/** The verdict, if a condition holds. */
export const when = (condition: boolean, verdict: Verdict): Verdict[] => (condition ? [verdict] : []);

/** Returns the same verdict for every difference. */
export const always =
    (code: Code, says: (change: Change) => string, severity?: Severity) =>
    (_: Difference, change: Change): Verdict => ({ code, says: says(change), ...(severity && { severity }) });
