/** Which parts of a resource are not known yet, or hidden. */
import type { Resource } from "./resource";
import { HIDDEN, Secret, UNKNOWN, UNKNOWN_TEXT, type Tree } from "./values";

/**
 * Whether a message is about a value with a part that is not known before the run. The run checks the value before it changes
 * the resource. A hidden secret does not count as unknown.
 * @param message starts with the path of the value
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
    return hasPart(opened(here), (part) => part === UNKNOWN);
}

const opened = (value: unknown): unknown => (value instanceof Secret ? opened(value.value) : value);

/** Whether a part of a value in a preview is known only after the change is applied. */
export const hasUnknown = (value: unknown) =>
    hasPart(value, (part) => typeof part === "string" && part.includes(UNKNOWN_TEXT));
/** Whether a part of a value in a preview is a secret, which the CLI hides. */
export const hasSecret = (value: unknown) => hasPart(value, (part) => part === HIDDEN);

function hasPart(value: unknown, is: (part: unknown) => boolean): boolean {
    if (typeof value !== "object" || value === null) return is(value);
    return !(value instanceof Secret) && Object.values(value).some((part) => hasPart(part, is));
}
