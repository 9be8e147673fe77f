import { UNKNOWN, valueAt, type Path, type Tree } from "../../resources/values";

/**
 * One form in which this project renders an object. The settings are examples: numbers and texts may differ, and are read
 * back from the actual object. Each choice (`true`, an absent field) is a separate form.
 */
export interface Form {
    settings: Tree;
    render: (settings: never) => unknown;
    /** Problems of the settings that were read from the actual object. */
    problems?: (settings: never) => string[];
}

/** @param settings example settings without `undefined` @param render the function that the program itself uses */
export function form<S extends object>(
    settings: S,
    render: (settings: S) => unknown,
    problems?: (settings: S) => string[],
): Form {
    return { settings: settings as Tree, render: remembering(render), problems };
}

/** Maximum number of cached renderings of one form. An object needs one rendering for each unreadable setting. */
const MOST_RENDERINGS = 200;

/** Caches renderings, since objects of a stack share most settings, and rendering a route takes 3 ms. */
function remembering<S extends object>(render: (settings: S) => unknown): (settings: S) => unknown {
    const known = new Map<string, unknown>();
    return (settings) => {
        const key = JSON.stringify(settings);
        if (!known.has(key)) {
            if (known.size === MOST_RENDERINGS) known.clear();
            known.set(key, render(settings));
        }
        return known.get(key);
    };
}

/** Every combination of the choices. */
export function combinations<const T extends Record<string, readonly unknown[]>>(choices: T) {
    let all: Tree[] = [{}];
    for (const [name, values] of Object.entries(choices))
        all = all.flatMap((one) => values.map((value) => (value === undefined ? one : { ...one, [name]: value })));
    return all as { [K in keyof T]?: T[K][number] }[];
}

type Leaf = string | number | boolean | null | symbol;
/** Where a setting occurs in the rendered object: inside a text, or as a number that is the setting plus an offset. */
type Place = { path: Path } & ({ pattern: RegExp; group: number } | { offset: number });
interface Setting {
    path: Path;
    places: Place[];
}

/** Characters of names, addresses, versions and paths. nginx, Lua and regular expressions do not evaluate such a text. */
const PLAIN = String.raw`[\w./:@-]+`;

const settingsOf = new WeakMap<Form, Setting[]>();

/** The settings of a form and their occurrences, found by rendering with another value of each setting. */
export function placesOf(form: Form): Setting[] {
    const known = settingsOf.get(form);
    if (known) return known;
    const first = renderedLeaves(form.render(form.settings as never));
    const settings: Setting[] = [];
    const texts = new Map<string, Part[]>();
    for (const { path, value } of leaves(form.settings).values()) {
        if (typeof value !== "number" && typeof value !== "string") continue;
        const setting: Setting = { path, places: [] };
        settings.push(setting);
        const second = renderedLeaves(form.render(replaced(form.settings, path, another(value)) as never));
        for (const [key, leaf] of first) {
            const place = placeOf(value, leaf.value, second.get(key)?.value);
            if (place === undefined) continue;
            if ("offset" in place) setting.places.push({ path: leaf.path, ...place });
            else texts.set(key, [...(texts.get(key) ?? []), { setting, ...place }]);
        }
    }
    for (const [key, parts] of texts) addTexts(first.get(key)!, parts);
    // Numbers equal to the setting are read first, because a number with an offset may come from another setting.
    for (const { places } of settings) places.sort((a, b) => offsetOf(a) - offsetOf(b));
    settingsOf.set(form, settings);
    return settings;
}

const offsetOf = (place: Place) => ("offset" in place ? Math.abs(place.offset) : 0);

/** The position of a setting in a text. */
interface Part {
    setting: Setting;
    start: number;
    length: number;
    number: boolean;
}

/** Adds a text with one or more settings. Other text separates two settings. */
function addTexts({ path, value }: { path: Path; value: Leaf }, parts: Part[]): void {
    const text = String(value);
    let [source, at] = ["^", 0];
    const sorted = parts.sort((a, b) => a.start - b.start);
    for (const { start, length, number } of sorted) {
        source += `${escaped(text.slice(at, start))}(${number ? String.raw`\d{1,15}` : PLAIN})`;
        at = start + length;
    }
    const pattern = new RegExp(`${source}${escaped(text.slice(at))}$`);
    // A text that is exactly the setting is read first.
    const alone = parts.length === 1 && parts[0].length === text.length;
    for (const [i, { setting }] of sorted.entries())
        setting.places[alone ? "unshift" : "push"]({ path, pattern, group: i + 1 });
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export const another = (value: unknown) => (typeof value === "number" ? value * 2 + 7 : `${String(value)}x`);

/** @param first text rendered with one value of the setting @param second text rendered with another value */
function placeOf(
    value: number | string,
    first: Leaf,
    second: Leaf | undefined,
): { offset: number } | Omit<Part, "setting"> | undefined {
    if (first === second || second === undefined) return undefined;
    if (typeof first === "number" && typeof value === "number") {
        const offset = first - value;
        return (second as number) - (another(value) as number) === offset ? { offset } : undefined;
    }
    if (typeof first !== "string") return undefined;
    const { length } = String(value);
    const start = first.indexOf(String(value));
    const fits = start >= 0 && second === first.slice(0, start) + another(value) + first.slice(start + length);
    return fits ? { start, length, number: typeof value === "number" } : undefined;
}

/**
 * Reads the value of a setting from the first known place in the object where the setting occurs.
 * @returns `value` if the text at this place matches; `free: "nowhere"` if the setting occurs nowhere; `free: "unknown"` if
 * the place has an unknown value
 */
export function readBack({ places }: Setting, actual: unknown): { value?: unknown; free?: "nowhere" | "unknown" } {
    const found = places.map((place) => ({ place, leaf: valueAt(actual, place.path) }));
    const known = found.find(({ leaf }) => leaf !== undefined && leaf !== UNKNOWN);
    const value =
        known && ("offset" in known.place ? numberOf(known.leaf, known.place.offset) : inText(known.leaf, known.place));
    if (places.length === 0) return { free: "nowhere" };
    return value === undefined && found.some(({ leaf }) => leaf === UNKNOWN) ? { free: "unknown" } : { value };
}

function numberOf(leaf: unknown, offset: number): number | undefined {
    const value = typeof leaf === "number" ? leaf - offset : NaN;
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function inText(leaf: unknown, { pattern, group }: { pattern: RegExp; group: number }): string | undefined {
    return typeof leaf === "string" ? pattern.exec(leaf)?.[group] : undefined;
}

/** A copy of a tree with another value at one path. */
export function replaced(tree: unknown, path: Path, value: unknown): unknown {
    if (path.length === 0) return value;
    const [field, ...rest] = path;
    const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as Tree) }) as Tree;
    copy[field] = replaced(copy[field], rest, value);
    return copy;
}

/** The leaf values of a tree by their path. */
export function leaves(tree: unknown): Map<string, { path: Path; value: Leaf }> {
    const found = new Map<string, { path: Path; value: Leaf }>();
    const walk = (value: unknown, key: string, path: Path): void => {
        if (value === undefined) return;
        if (typeof value !== "object" || value === null) return void found.set(key, { path, value: value as Leaf });
        const fields = Object.keys(value);
        if (fields.length === 0)
            return void found.set(key, { path, value: Array.isArray(value) ? NO_ENTRIES : NO_FIELDS });
        for (const field of fields) walk((value as Tree)[field], keyOf(key, field), [...path, field]);
    };
    walk(tree, "", []);
    return found;
}

export const keyOf = (above: string, field: string | number) => `${above}\n${field}`;

const NO_ENTRIES = Symbol("a list without entries");
const NO_FIELDS = Symbol("a map without fields");

type Leaves = ReturnType<typeof leaves>;

const knownLeaves = new WeakMap<object, Leaves>();

/** {@link leaves} of a rendered form, cached: forms are never modified. */
export function renderedLeaves(rendered: unknown): Leaves {
    const known = knownLeaves.get(rendered as object);
    if (known) return known;
    const found = leaves(rendered);
    knownLeaves.set(rendered as object, found);
    return found;
}

/** Paths of leaves that differ between two trees, each with the common beginning of its two values. */
export function changedIn(one: Leaves, other: Leaves): [key: string, begin: string][] {
    return [...one].flatMap(([key, { value }]) => {
        const second = other.get(key)?.value;
        return value === second ? [] : [[key, commonBegin(value, second)]];
    });
}

function commonBegin(one: Leaf, other: Leaf | undefined): string {
    if (typeof one !== "string" || typeof other !== "string") return "";
    let length = 0;
    while (length < one.length && one[length] === other[length]) length += 1;
    // Two digests can begin with the same characters by chance, so trailing hexadecimal digits do not count.
    return one.slice(0, length).replace(/[\da-f]+$/, "");
}
