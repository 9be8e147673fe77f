/**
 * Values in the inputs of resources. Only this folder interprets the objects of a stack, for rules and for reviews. None of its
 * functions throws for a value of an unexpected form.
 */

export type Tree = Record<string, unknown>;
export type Path = (string | number)[];

/** A value that is not known before the run. Rules skip it, and the run itself checks it. */
export const UNKNOWN = Symbol("not known before the run");
/**
 * Text that replaces an unknown value until `resourceOf` has read the inputs. The engine uses it for strings, and the JSON
 * of a preview for values of every type.
 */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Whether a value as a whole is not known yet. */
export const isUnknown = (value: unknown) => value === UNKNOWN || value === UNKNOWN_TEXT;

/**
 * How to treat a value that is not known yet. Rules treat it as `allowed`, since they check the value again in the run.
 * Reviews treat it as `missing`, since the change is not reviewed again when the value is known.
 */
export type UnknownAs = "allowed" | "missing";

/** A value that Pulumi marks as secret. */
export class Secret {
    constructor(readonly value: unknown) {}
}
/** The CLI's placeholder for a secret. */
export const HIDDEN = "[secret]";

/** The value at a path: {@link UNKNOWN} below an unknown value, and undefined if the path does not exist. */
export function valueAt(tree: unknown, path: Path): unknown {
    let here = tree;
    for (const part of path) {
        if (here === UNKNOWN) return UNKNOWN;
        if (typeof here !== "object" || here === null) return undefined;
        here = (here as Record<string | number, unknown>)[part];
    }
    return here;
}
/** {@link valueAt} for a path as text, for example `spec.http.0.name`. */
export const at = (tree: unknown, path: string) => valueAt(tree, path.split("."));

/** The elements of a list; empty for other values. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const isMap = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
/** The fields of a map; empty for other values. */
export const map = (value: unknown): Tree => (isMap(value) ? value : {});
/** The maps in a list; empty for other values. */
export const mapsOf = (value: unknown): Tree[] => list(value).filter(isMap);
/** The maps in a list, by their `name`. */
export const namedEntries = (value: unknown): Map<string, Tree> =>
    new Map(mapsOf(value).map((entry) => [String(entry.name), entry]));
/** The number in a value. NaN for other and unknown values, so that every comparison is false. */
export const number = (value: unknown) => (["number", "string"].includes(typeof value) ? Number(value) : NaN);
/** Returns the value if it is a text, otherwise an empty text. */
export const textOf = (value: unknown) => (typeof value === "string" ? value : "");
/** Whether a known value differs from the expected value. A missing value counts as different. */
export const isOther = (value: unknown, expected: unknown) => value !== UNKNOWN && value !== expected;
/** Text of a value for messages. It must not be a secret. */
export function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    return value === UNKNOWN ? "something unknown" : JSON.stringify(value);
}

/** Seconds of a time limit, for example `600s`, `1m30s` or `500ms`; undefined for another text. */
export function secondsOf(time: unknown): number | undefined {
    const parts = typeof time === "string" ? [...time.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)] : [];
    if (parts.length === 0 || parts.map(([all]) => all).join("") !== time) return undefined;
    return parts.reduce((sum, [, n, unit]) => sum + Number(n) * SECONDS[unit], 0);
}
/** Seconds in each unit that the ingress controller and cloudflared accept. */
const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Calls `seen` with every text in a tree and its path, except for secrets. */
export function eachText(tree: unknown, seen: (text: string, path: string) => void, path = ""): void {
    if (typeof tree === "string") seen(tree, path);
    else if (Array.isArray(tree)) tree.forEach((part, i) => eachText(part, seen, `${path}[${i}]`));
    else if (typeof tree === "object" && tree !== null && !(tree instanceof Secret))
        for (const [field, part] of Object.entries(tree))
            eachText(part, seen, path === "" ? field : `${path}.${field}`);
}
