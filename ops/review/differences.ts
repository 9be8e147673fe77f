/** Differences between two sets of inputs, down to the paths that a rule compares as a whole. */
import { isDeepStrictEqual } from "node:util";
import { HIDDEN as SECRET, isMap, list, UNKNOWN_TEXT as UNKNOWN, type Tree } from "../../policy/resources/resource";

export type Path = (string | number)[];
export type Props = Tree;
export { isMap, list, SECRET, UNKNOWN };

export interface Difference {
    path: Path;
    /** Undefined if there is no value. */
    old: unknown;
    new: unknown;
    /** Whether the value is secret on both sides, so only Pulumi knows that it differs. */
    hidden?: boolean;
}

/**
 * @param wholes patterns of paths that are compared as a whole, for example `spec.plugins` or `spec.*.name`. They also apply
 * inside a value that only one side has; `**` covers everything below a path
 */
export function differences(old: unknown, now: unknown, wholes: string[][], path: Path = []): Difference[] {
    if (isDeepStrictEqual(old, now)) return [];
    const whole = { path, old, new: now };
    if (wholes.some((pattern) => !pattern.includes("**") && pattern.length === path.length && fits(pattern, path)))
        return [whole];
    if (Array.isArray(old) && Array.isArray(now)) {
        const longer = Array.from({ length: Math.max(old.length, now.length) }, (_, i) => i);
        return longer.flatMap((i) => differences(old[i], now[i], wholes, [...path, i]));
    }
    const deeper = wholes.some((pattern) => pattern.length > path.length && fits(pattern, path));
    const sides = [old, now].map((side) => (side === undefined && deeper ? {} : side));
    if (!sides.every(isMap)) return [whole];
    const keys = new Set(sides.flatMap((side) => Object.keys(side as Props)));
    return (
        [...keys]
            // Keys that begin with __ belong to the engine and its providers.
            .filter((key) => !key.startsWith("__"))
            .flatMap((key) => differences((sides[0] as Props)[key], (sides[1] as Props)[key], wholes, [...path, key]))
    );
}

/** Whether a path and a pattern agree up to the end of the shorter one. `**` at the end matches all deeper parts. */
function fits(pattern: string[], path: Path): boolean {
    const end = pattern.indexOf("**");
    const length = Math.min(end === -1 ? pattern.length : end, path.length);
    return Array.from({ length }, (_, i) => pattern[i] === "*" || pattern[i] === String(path[i])).every(Boolean);
}

/** Whether a pattern matches a whole path, and not only a part of it. */
export function covers(pattern: string[], path: Path): boolean {
    const end = pattern.indexOf("**");
    return (end === -1 ? pattern.length === path.length : path.length >= end) && fits(pattern, path);
}

/** Parses a path in Pulumi's notation, for example `spec.plugins[0]["a.b"]`. */
export function parsePath(text: string): Path {
    const parts = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[\*\]|([^.[\]]+)/g);
    return [...parts].map(([, quoted, index, name]) =>
        quoted !== undefined ? quoted.replace(/\\(.)/g, "$1") : index !== undefined ? Number(index) : (name ?? "*"),
    );
}

export function pathText(path: Path): string {
    return path
        .map((part, i) =>
            typeof part === "number"
                ? `[${part}]`
                : /^[\w$*-]+$/.test(part)
                  ? `${i > 0 ? "." : ""}${part}`
                  : `["${part}"]`,
        )
        .join("");
}

/** The value at a path; undefined if there is none. */
export function valueAt(value: unknown, path: Path): unknown {
    return path.reduce<unknown>(
        (at, part) =>
            typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[part] : undefined,
        value,
    );
}

/** Whether a value, or a part of it, is known only after the change is applied. */
export function isUnknown(value: unknown): boolean {
    return has(value, (text) => text.includes(UNKNOWN));
}

/** Whether the property as a whole is unknown. */
export function isUnknownAt(props: unknown, path: Path): boolean {
    const value = valueAt(props, path);
    return typeof value === "string" && isUnknown(value);
}

export function isSecret(value: unknown): boolean {
    return has(value, (text) => text === SECRET);
}

function has(value: unknown, is: (text: string) => boolean): boolean {
    if (typeof value === "string") return is(value);
    if (typeof value !== "object" || value === null) return false;
    return Object.values(value).some((part) => has(part, is));
}

/** The maps in a list; empty for other values. */
export const mapsOf = (value: unknown): Props[] => list(value).filter(isMap);

/** The maps in a list, by their `name`. */
export const namedEntries = (value: unknown): Map<string, Props> =>
    new Map(mapsOf(value).map((entry) => [String(entry.name), entry]));
