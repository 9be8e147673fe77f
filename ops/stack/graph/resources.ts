/** The resources of a stack for a picture: those of its state, with the changes of a preview. */
import { changesOf, kindOf, type Operation } from "../../review/changes";
import { mapsOf, SECRET, UNKNOWN, valueAt, type Props } from "../../review/differences";
import type { Exported } from "../../review/plan";
import type { Preview } from "../../review/preview";

export interface Resource {
    urn: string;
    /** Package and kind, for example `kubernetes Consumer`. */
    kind: string;
    inputs: Props;
    change?: Operation;
}

/** @param preview preview whose changes are shown. Default: none */
export function resourcesOf(state: Exported, preview?: Preview): Resource[] {
    const found = new Map<string, Resource>();
    for (const { urn, type = "", inputs = {}, delete: leftover } of state.resources ?? [])
        if (!leftover) found.set(urn, { urn, kind: kindOf(type), inputs });
    for (const { urn, kind, op, old, new: now, leftover } of changesOf(preview?.steps ?? []))
        if (!leftover) found.set(urn, { urn, kind, inputs: now ?? old ?? {}, change: op });
    return [...found.values()];
}

/** Text at a path; undefined if it is missing, secret or not known yet. */
export function textAt(inputs: unknown, ...path: (string | number)[]): string | undefined {
    const value = valueAt(inputs, path);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string" || value.includes(SECRET) || value.includes(UNKNOWN)) return undefined;
    return value;
}

/** Maps of a list at a path; empty if the list is secret or not known yet. */
export function mapsAt(inputs: unknown, ...path: (string | number)[]): Props[] {
    return mapsOf(valueAt(inputs, path));
}
