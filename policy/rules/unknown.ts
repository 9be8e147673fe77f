import { Secret, UNKNOWN, type Resource, type Tree } from "./resource";

/**
 * Whether the value at the path with which a message begins is, wholly or in part, unknown before the run. The run then
 * checks it before it changes that resource. A hidden secret next to it does not count as unknown.
 */
export function isJudgedLater({ marked }: Resource, message: string): boolean {
    let here: unknown = marked;
    for (const field of message
        .slice(0, message.indexOf(":"))
        .split(/[.[\]]+/)
        .filter(Boolean)) {
        here = opened(here);
        if (typeof here !== "object" || here === null) break;
        here = (here as Tree)[field];
    }
    return holdsUnknown(opened(here));
}

const opened = (value: unknown): unknown => (value instanceof Secret ? opened(value.value) : value);

function holdsUnknown(value: unknown): boolean {
    if (value === UNKNOWN) return true;
    if (typeof value !== "object" || value === null || value instanceof Secret) return false;
    return Object.values(value).some(holdsUnknown);
}
