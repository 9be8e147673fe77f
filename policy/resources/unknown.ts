import { Secret, UNKNOWN, type Resource, type Tree } from "./resource";

/**
 * Whether a part of the value at the start of a message is unknown before the run. The run then checks it before it changes
 * the resource. A hidden secret does not count as unknown.
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
