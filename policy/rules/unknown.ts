import { Secret, UNKNOWN, type Resource, type Tree } from "./resource";

/**
 * Whether what a message is about, which is the path that it begins with, is not known before the run, as a whole or a part
 * of it. The run judges it then, before it changes that resource. A secret beside it that is not shown is no such part.
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
