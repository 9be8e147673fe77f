/** The shape of a rule: what a kind of resource means to callers, property by property. */
import type { Change } from "./changes";
import type { Difference } from "./differences";
import type { Code, Severity } from "./finding";

/** Judgement of a rule about a difference. The caller of the rule adds the evidence. */
export interface Verdict {
    code: Code;
    /** One sentence without a full stop. */
    says: string;
    /** @default that of the code */
    severity?: Severity;
    /** Narrower evidence than the difference as a whole. */
    property?: string;
    old?: unknown;
    new?: unknown;
}

export type Verdicts = Verdict[] | Verdict | undefined;

/** All of a run, for rules that look at more than one resource. */
export interface Run {
    changes: Change[];
    /** The same by kind and name of the object, as `kubernetes Consumer lab`. */
    objects: Map<string, Change>;
    /** Config of the run by whole key, secrets hidden. */
    config: Record<string, string>;
    today: Date;
}

/**
 * What a property means. The first row that covers a difference judges it; values below its path are compared as a
 * whole.
 */
export type Row = readonly [at: string, judge: (difference: Difference, change: Change, run: Run) => Verdicts];

/** What a kind of resource means. */
export interface KindRule {
    /** Of a whole resource. @default harmless, `added` */
    created?(change: Change, run: Run): Verdicts;
    deleted(change: Change, run: Run): Verdicts;
    /** In addition to the findings about its differences. */
    replaced(change: Change, run: Run): Verdicts;
    rows: Row[];
}

/** Nothing that a caller could notice. */
export const nothing = (): undefined => undefined;

/** A kind that no caller can notice whatever happens to it. */
export const UNNOTICED: KindRule = {
    created: nothing,
    deleted: nothing,
    replaced: nothing,
    rows: [["**", nothing]],
};

/** Whether an object is deleted for good: not if it is retained, or if it is left over from a replacement. */
export const goes = ({ op, retained, leftover }: Change): boolean => op === "delete" && !retained && !leftover;

/** The object's own name, else the resource's. For a replaced object, the earlier name, which callers know. */
export function objectName({ op, new: now, old, name }: Change): string {
    const { metadata } = ((op === "replace" ? old : now) ?? now ?? old ?? {}) as { metadata?: { name?: unknown } };
    return typeof metadata?.name === "string" ? metadata.name : name;
}

/** `PodDisruptionBudget alpa-auth-cloudflared`. */
export function objectTitle(change: Change): string {
    return `${change.kind.split(" ")[1]} ${objectName(change)}`;
}

/** A path with dots in its names is written with `/` between its parts, others with `.`. */
export function patternOf(at: string): string[] {
    return at.split(at.includes("/") ? "/" : ".");
}

/** Says the same of every difference. */
export const always =
    (code: Code, says: (change: Change) => string, severity?: Severity) =>
    (_: Difference, change: Change): Verdict => ({ code, says: says(change), ...(severity && { severity }) });
