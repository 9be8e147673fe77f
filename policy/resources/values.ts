/** Values in the inputs of resources. None of these functions throws for a value of an unexpected form. */

export type Tree = Record<string, unknown>;
export type Path = (string | number)[];

/** A value that is not known before the run. Rules skip it, and the run itself checks it. */
export const UNKNOWN = Symbol("not known before the run");
/**
 * Text that replaces an unknown value until `resourceOf` has read the inputs. The engine uses it for strings, and the JSON
 * of a preview for values of every type.
 */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

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
        if (here instanceof Secret) here = here.value;
        if (here === UNKNOWN) return UNKNOWN;
        if (typeof here !== "object" || here === null) return undefined;
        here = (here as Record<string | number, unknown>)[part];
    }
    return here;
}
/** {@link valueAt} for a path as text, for example `spec.http.0.name`. */
export const at = (tree: unknown, path: string) => valueAt(tree, path.split("."));

/** Values with their paths. `[]` in the path stands for each entry of a list, for example `spec.http[].name`. */
export function allAt(tree: unknown, path: string): [where: string, value: unknown][] {
    const [above, ...below] = path.split("[]");
    const value = above === "" ? tree : at(tree, above.replace(/^\./, ""));
    if (below.length === 0) return [[above, value]];
    return list(value).flatMap((entry, i) =>
        allAt(entry, below.join("[]")).map(([where, found]): [string, unknown] => [`${above}[${i}]${where}`, found]),
    );
}

/** Every part of a tree with its path, from the top down. A secret is one part. */
export function* partsOf(tree: unknown, path = ""): Generator<[path: string, part: unknown]> {
    yield [path, tree];
    if (typeof tree !== "object" || tree === null || tree instanceof Secret) return;
    for (const [field, part] of Object.entries(tree)) yield* partsOf(part, below(tree, path, field));
}
/** Every text in a tree with its path, except for secrets. */
export const textsIn = (tree: unknown, path?: string) =>
    [...partsOf(tree, path)].filter((found): found is [string, string] => typeof found[1] === "string");
const hasPart = (tree: unknown, is: (part: unknown) => boolean) => [...partsOf(tree)].some(([, part]) => is(part));

/** Whether a value, or a part of it that is not secret, is not known before the run. */
export const isIncomplete = (value: unknown) =>
    hasPart(value instanceof Secret ? value.value : value, (part) => part === UNKNOWN);
/** Whether a part of a value in a preview is known only after the change is applied. */
export const hasUnknown = (value: unknown) => hasPart(value, (part) => textOf(part).includes(UNKNOWN_TEXT));
/** Whether a part of a value in a preview is a secret, which the CLI hides. */
export const hasSecret = (value: unknown) => hasPart(value, (part) => part === HIDDEN);

/** Paths in a tree that are neither in the list nor below an entry of it. Entries of a list have the path of the list. */
export function* otherPaths(tree: unknown, listed: readonly string[], path = ""): Generator<string> {
    const bare = path.replace(/\[\d+\]/g, "");
    if (tree === undefined || listed.some((one) => `${bare}.`.startsWith(`${one}.`))) return;
    const isTree = typeof tree === "object" && tree !== null;
    if (path !== "" && !(isTree && listed.some((one) => one.startsWith(`${bare}.`)))) return yield path;
    for (const [field, part] of Object.entries(isTree ? tree : {}))
        yield* otherPaths(part, listed, below(tree, path, field));
}
const below = (tree: unknown, path: string, field: string) =>
    Array.isArray(tree) ? `${path}[${field}]` : path === "" ? field : `${path}.${field}`;

/** The elements of a list; empty for other values. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const isMap = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
/** The fields of a map; empty for other values. */
export const map = (value: unknown): Tree => (isMap(value) ? value : {});
/** The maps in a list; empty for other values. */
export const mapsOf = (value: unknown): Tree[] => list(value).filter(isMap);
/** The number in a value. NaN for other and unknown values, so that every comparison is false. */
export const number = (value: unknown) => (["number", "string"].includes(typeof value) ? Number(value) : NaN);
/** Returns the value if it is a text, otherwise an empty text. */
export const textOf = (value: unknown) => (typeof value === "string" ? value : "");
/** Text of a value for messages. It must not be a secret. */
export const shown = (value: unknown) => JSON.stringify(value) ?? "nothing";

/** The value that a text has as JSON; undefined for another text. */
export function jsonIn(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
