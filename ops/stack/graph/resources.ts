/** The resources of a stack as a picture is drawn from: those of its state, and what a preview makes of them. */
import { changesOf, kindOf, type Operation } from "../../review/changes";
import { isMap, SECRET, UNKNOWN, valueAt, type Props } from "../../review/differences";
import type { Exported } from "../../review/plan";
import type { Preview } from "../../review/preview";

export interface Resource {
    urn: string;
    /** Package and kind, as `kubernetes Consumer`. */
    kind: string;
    inputs: Props;
    change?: Operation;
}

/** @param preview unset: the stack as it is */
export function resourcesOf(state: Exported, preview?: Preview): Resource[] {
    const found = new Map<string, Resource>();
    for (const { urn, type = "", inputs = {}, delete: leftover } of state.resources ?? [])
        if (!leftover) found.set(urn, { urn, kind: kindOf(type), inputs });
    for (const { urn, kind, op, old, new: now, leftover } of changesOf(preview?.steps ?? []))
        if (!leftover) found.set(urn, { urn, kind, inputs: now ?? old ?? {}, change: op });
    return [...found.values()];
}

/** Text at a path. Undefined where there is none, and where it is secret or not known yet: neither is drawn. */
export function textAt(inputs: unknown, ...path: (string | number)[]): string | undefined {
    const value = valueAt(inputs, path);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string" || value.includes(SECRET) || value.includes(UNKNOWN)) return undefined;
    return value;
}

/** Maps of a list at a path; what is secret or not known yet is none. */
export function mapsAt(inputs: unknown, ...path: (string | number)[]): Props[] {
    const value = valueAt(inputs, path);
    return Array.isArray(value) ? value.filter(isMap) : [];
}
