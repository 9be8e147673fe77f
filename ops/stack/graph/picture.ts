/** The parts of a stack as a picture shows them. How each format draws it is in mermaid.ts and dot.ts. */
import type { Operation } from "../../review/changes";

export interface Part {
    /** Unique in its picture; letters, digits and `_` only. */
    id: string;
    /** Lines of the box. The first one is its name. */
    label: string[];
    /** Where it runs, as the title of the frame around it. Unset: outside of every frame. */
    place?: string;
    /** What the change does to it. Unset: nothing. */
    change?: Operation;
}

export interface Line {
    from: string;
    to: string;
    label?: string;
    /** What goes along it: requests of callers are drawn whole, what configures or counts them is drawn broken. */
    carries: "requests" | "control";
}

export interface Picture {
    /** Short name of the stack. */
    stack: string;
    parts: Part[];
    lines: Line[];
}

export const COLOURS: Record<Operation, { fill: string; border: string }> = {
    create: { fill: "#d7f4dc", border: "#1a7f37" },
    update: { fill: "#fff4c2", border: "#9a6700" },
    replace: { fill: "#ffe2c7", border: "#bc4c00" },
    delete: { fill: "#ffdcd8", border: "#cf222e" },
};

/** Words of the legend, and of a box that changes. */
export const CHANGED: Record<Operation, string> = {
    create: "created",
    update: "changed",
    replace: "replaced",
    delete: "deleted",
};

/** Parts by place, in the order in which they come; those without a place first. */
export function byPlace(parts: Part[]): [place: string | undefined, parts: Part[]][] {
    const places = new Map<string | undefined, Part[]>([[undefined, []]]);
    for (const part of parts) places.set(part.place, [...(places.get(part.place) ?? []), part]);
    return [...places];
}
