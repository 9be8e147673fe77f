/** Types of the rules. A rule describes how changes of one kind of resource affect callers, property by property. */
import { at, textOf } from "../../../policy/resources/values";
import type { Change } from "./changes";
import type { Difference } from "./differences";
import type { Code, Severity } from "./finding";
import type { ResourceState } from "./preview";

/** Judgement of a rule about a difference. The code that calls the rule adds the evidence. */
export interface Verdict {
    code: Code;
    /** One sentence without a full stop. */
    says: string;
    /** @default the default severity of the finding's code */
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
    /** Resources before the run. Unset if the review does not know the state. */
    state?: ResourceState[];
}

/**
 * How to judge one property. If several rows match a difference, the first row judges it. The value at the row's path is
 * compared as a whole.
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

/** Whether the object itself is deleted. False if the object is retained, or is left over from a replacement. */
export const goes = ({ op, retained, leftover }: Change): boolean => op === "delete" && !retained && !leftover;

/**
 * Name in the object's metadata or, if it has none, name of the resource. For a replaced object this is the old name,
 * because callers use it.
 */
export function objectName({ op, new: now, old, name }: Change): string {
    return textOf(at((op === "replace" ? old : now) ?? now ?? old, "metadata.name")) || name;
}

/** `PodDisruptionBudget alpa-auth-cloudflared`. */
export function objectTitle(change: Change): string {
    return `${change.kind.split(" ")[1]} ${objectName(change)}`;
}

/** Splits a path at `/` if it contains `/`, and otherwise at `.`. Use `/` for a path with a name that contains dots. */
export function patternOf(at: string): string[] {
    return at.split(at.includes("/") ? "/" : ".");
}

export const when = (condition: boolean, verdict: Verdict): Verdict[] => (condition ? [verdict] : []);

/** Returns the same verdict for every difference. */
export const always =
    (code: Code, says: (change: Change) => string, severity?: Severity) =>
    (_: Difference, change: Change): Verdict => ({ code, says: says(change), ...(severity && { severity }) });
