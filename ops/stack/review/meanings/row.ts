/** Types of the table of meanings: what a change of each input of a component does to callers. */
import { isDeepStrictEqual } from "node:util";
import { list, mapsOf, type Tree } from "../../../../policy/resources/values";
import type { Difference } from "../differences";
import type { Code, Severity } from "../finding";
import { listed } from "../values-text";

type Inputs = Record<string, unknown>;

/** A component before and after the change. */
export interface PartChange {
    /** Type without package and module, for example `Caller`. The topmost component has the type `Stack`. */
    type: string;
    /** Name of the component; of a caller, its name. */
    name: string;
    urn: string;
    /** Inputs before the change. Unset if it creates the component. */
    old?: Inputs;
    /** Inputs after the change. Unset if it deletes the component. */
    new?: Inputs;
}

/** Judgement about a change. The code that calls a rule adds the evidence. */
export interface Verdict {
    code: Code;
    /** One sentence without a full stop. */
    says: string;
    /** @default the default severity of the finding's code */
    severity?: Severity;
    /** Path of the part of the difference that is the evidence, with its values. Unset: the whole difference. */
    property?: string;
    old?: unknown;
    new?: unknown;
}

/** The changed component, and what its rules may look at besides the difference. */
export interface Scope extends PartChange {
    /** All components of the stack, or of the preview if the state is unknown. */
    parts: PartChange[];
    today: Date;
}

/** A verdict. `{old}` and `{new}` in the sentence stand for the values, or for the entries that a list loses and gets. */
export type Cell = readonly [code: Code, says: string, severity?: Severity];
type Judge = (difference: Difference, scope: Scope) => Verdict[];
/**
 * How to judge an input: always the same; by the direction of a number, of which an unknown one counts as lower; by whether
 * the value is new, removed or another one, of which a missing cell means nothing; by the entries of a list; or by a function. Null: another component has the same
 * input, and judges it.
 */
export type Rule =
    | Cell
    | { down: Cell; up: Cell }
    | { set?: Cell; unset?: Cell; other: Cell }
    | { lost: Cell; added: Cell }
    | Judge
    | null;

/** The rules for a type of component. */
export interface PartRules {
    /** Judges the creation in an existing stack. @default harmless, `added` */
    created?: Cell | ((scope: Scope) => Verdict[]);
    /** Judges the deletion. @default risk, `deleted` */
    deleted?: Cell | ((scope: Scope) => Verdict[]);
    /** Whether `deleted` also covers the deletion of the objects below the component. @default no */
    covers?: true;
    /** Rules by the path of the input; the first that matches judges. An input without a rule is a risk. */
    inputs: Record<string, Rule>;
}

export function say([code, says, severity]: Cell, old?: unknown, now?: unknown): Verdict {
    const text = (value: unknown) =>
        Array.isArray(value) ? listed(value.map(String)) : value === undefined ? "(none)" : String(value);
    const filled = says.replaceAll("{old}", () => text(old)).replaceAll("{new}", () => text(now));
    return { code, says: filled, ...(severity && { severity }) };
}

/** Judges a difference by a rule. */
export function judged(rule: Rule, difference: Difference, scope: Scope): Verdict[] {
    if (rule === null) return [];
    if (typeof rule === "function") return rule(difference, scope);
    const { old, new: now } = difference;
    if ("down" in rule) return [say(Number(now) > Number(old) ? rule.up : rule.down, old, now)];
    if ("other" in rule) {
        const cell = old === undefined ? rule.set : now === undefined ? rule.unset : rule.other;
        return cell ? [say(cell, old, now)] : [];
    }
    if (!("lost" in rule)) return [say(rule, old, now)];
    const [lost, added] = [only(old, now), only(now, old)];
    return [
        ...when(lost.length > 0, say(rule.lost, lost, lost)),
        ...when(added.length > 0, say(rule.added, added, added)),
    ];
}

/** Judges by several rules. */
export const all =
    (...rules: Rule[]): Judge =>
    (difference, scope) =>
        rules.flatMap((rule) => judged(rule, difference, scope));

const only = (one: unknown, other: unknown) =>
    list(one).filter((entry) => !list(other).some((another) => isDeepStrictEqual(entry, another)));

export const when = (condition: boolean, verdict: Verdict): Verdict[] => (condition ? [verdict] : []);

/** Judges a number of pods, members or connectors. */
export const copies = (what: string): Rule => ({
    down: ["gateway-changed", `Fewer ${what}: {new} instead of {old}`],
    up: ["gateway-changed", `More ${what}: {new} instead of {old}`, "harmless"],
});

/** Another component of the stack, by its type. */
export const partOf = ({ parts }: Scope, type: string) => parts.find((part) => part.type === type);

/** Compares two lists of maps by their keys. @returns the keys that are gone, new, and those whose entries differ */
export function byKey(old: unknown, now: unknown, keyOf: (one: Tree) => unknown) {
    const [before, after] = [old, now].map((all) => {
        const found = new Map<string, Tree[]>();
        for (const one of mapsOf(all)) found.set(String(keyOf(one)), [...(found.get(String(keyOf(one))) ?? []), one]);
        return found;
    });
    const keys = (one: Map<string, Tree[]>, is: (key: string) => boolean) => [...one.keys()].filter(is);
    return {
        gone: keys(before, (key) => !after.has(key)),
        more: keys(after, (key) => !before.has(key)),
        others: keys(after, (key) => before.has(key) && !isDeepStrictEqual(before.get(key), after.get(key))),
        isAll: keys(before, (key) => after.has(key)).length === 0,
    };
}
