/** Finds the differences between two sets of inputs. A value at a path that a rule names is compared as a whole. */
import { isDeepStrictEqual } from "node:util";
import { isMap, type Path, type Tree } from "../../../policy/resources/values";

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
    const keys = new Set(sides.flatMap((side) => Object.keys(side as Tree)));
    return (
        [...keys]
            // Keys that begin with __ belong to the engine and its providers.
            .filter((key) => !key.startsWith("__"))
            .flatMap((key) => differences((sides[0] as Tree)[key], (sides[1] as Tree)[key], wholes, [...path, key]))
    );
}

/** Fields whose values differ. */
export const changedFields = (old: Tree, now: Tree) =>
    [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => !isDeepStrictEqual(old[key], now[key]));

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
