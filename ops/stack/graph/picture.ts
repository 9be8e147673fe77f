/** The parts of a picture of a stack. Each format has its own file, for example mermaid.ts. */
import type { Operation } from "../review/changes";

export interface Part {
    /** Unique in its picture; letters, digits and `_` only. */
    id: string;
    /** Lines of the box. The first one is its name. */
    label: string[];
    /** Title of the frame around the part: the cluster, node or host on which it runs. Unset: no frame. */
    place?: string;
    /** Operation of the change on the part. Unset if it does not change. */
    change?: Operation;
}

export interface Line {
    from: string;
    to: string;
    label?: string;
    /** `requests` of callers are drawn as a solid line; `control`, for configuration and counters, as a dashed line. */
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

/** Words for operations, in the legend and in changed boxes. */
export const CHANGED: Record<Operation, string> = {
    create: "created",
    update: "changed",
    replace: "replaced",
    delete: "deleted",
};

/** Groups the parts by their frame and keeps their order. The first group has the parts without a frame. */
export function byPlace(parts: Part[]): [place: string | undefined, parts: Part[]][] {
    const places = new Map<string | undefined, Part[]>([[undefined, []]]);
    for (const part of parts) places.set(part.place, [...(places.get(part.place) ?? []), part]);
    return [...places];
}
