/** The resources of a stack for a picture: those of its state, with the changes of a preview. */
import { changesOf, type Operation } from "../review/changes";
import { packageAndKind } from "../../../policy/resources/resource";
import { HIDDEN, mapsOf, UNKNOWN_TEXT, valueAt, type Tree } from "../../../policy/resources/values";
import type { Exported } from "../review/plan";
import type { Preview } from "../review/preview";

export interface Resource {
    urn: string;
    type: string;
    /** Package and kind, for example `kubernetes Consumer`. */
    kind: string;
    inputs: Tree;
    change?: Operation;
}

/** @param preview preview whose changes are shown. Default: none */
export function resourcesOf(state: Exported, preview?: Preview): Resource[] {
    const found = new Map<string, Resource>();
    for (const { urn, type = "", inputs = {}, delete: leftover } of state.resources ?? [])
        if (!leftover) found.set(urn, { urn, type, kind: packageAndKind(type), inputs });
    for (const { urn, type, kind, op, old, new: now, leftover } of changesOf(preview?.steps ?? []))
        if (!leftover) found.set(urn, { urn, type, kind, inputs: now ?? old ?? {}, change: op });
    return [...found.values()];
}

/** The string, number or boolean at a path, as a string; undefined if it is missing, secret or not known yet. */
export function textAt(inputs: unknown, ...path: (string | number)[]): string | undefined {
    const value = valueAt(inputs, path);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string" || value.includes(HIDDEN) || value.includes(UNKNOWN_TEXT)) return undefined;
    return value;
}

/** Maps of a list at a path; empty if the list is secret or not known yet. */
export function mapsAt(inputs: unknown, ...path: (string | number)[]): Tree[] {
    return mapsOf(valueAt(inputs, path));
}
