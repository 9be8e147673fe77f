import { isMap, list, map, shown, UNKNOWN, valueAt, type Path, type Tree } from "../../resources/values";
import { another, changedIn, keyOf, leaves, placesOf, readBack, renderedLeaves, replaced, type Form } from "./form";

/** Maximum number of messages about one object. */
const MOST_MESSAGES = 8;

/** Differences from the rendered object, for the closest form. */
export function differences(actual: unknown, forms: Form[]): string[] {
    let fewest: string[] | undefined;
    for (const form of nearest(actual, forms)) {
        const found = compared(actual, form);
        if (found.length === 0) return [];
        if (fewest === undefined || found.length < fewest.length) fewest = found;
    }
    if (fewest === undefined) throw new Error("no form to compare with");
    const more = fewest.length - MOST_MESSAGES;
    const most = fewest.slice(0, MOST_MESSAGES);
    return more > 0 ? [...most, `${more} more differences. Correct those above first.`] : most;
}

/** For each form, the paths of its values that not all forms have. */
const shapes = new WeakMap<Form[], string[][]>();

function shapesOf(forms: Form[]): string[][] {
    const known = shapes.get(forms);
    if (known) return known;
    const all = forms.map((form) => [...renderedLeaves(form.render(form.settings as never)).keys()]);
    const count = new Map<string, number>();
    for (const key of all.flat()) count.set(key, (count.get(key) ?? 0) + 1);
    const own = all.map((keys) => keys.filter((key) => count.get(key)! < forms.length));
    shapes.set(forms, own);
    return own;
}

/** The forms whose paths differ least from those in the object. Only these are rendered, because rendering takes time. */
function nearest(actual: unknown, forms: Form[]): Form[] {
    if (forms.length === 1) return forms;
    const here = leaves(actual);
    const unknown = [...here].filter(([, { value }]) => value === UNKNOWN).map(([key]) => key);
    const isUnknown = (key: string) => unknown.some((above) => key === above || key.startsWith(keyOf(above, "")));
    // Each path that only the form has adds one to the distance, and each path that both have subtracts one.
    const distances = shapesOf(forms).map((keys) =>
        keys.reduce((sum, key) => sum + (isUnknown(key) ? 0 : here.has(key) ? -1 : 1), 0),
    );
    const least = Math.min(...distances);
    return forms.filter((_, i) => distances[i] === least);
}

function compared(actual: unknown, form: Form): string[] {
    let settings: unknown = form.settings;
    const unread: [path: Path, why: Loose][] = [];
    for (const setting of placesOf(form)) {
        const { value, free } = readBack(setting, actual);
        const isNumber = typeof valueAt(form.settings, setting.path) === "number";
        if (value === undefined) unread.push([setting.path, free ?? "example"]);
        else settings = replaced(settings, setting.path, isNumber ? Number(value) : value);
    }
    const expected = form.render(settings as never);
    const problems = form.problems?.(settings as never) ?? [];
    const pair = { expected, actual, where: "", key: "" };
    const loose: Pair["loose"] = new Map();
    // Rendering the form again takes time, so it happens only if there is a difference. It finds the values that depend on a
    // setting that cannot be read from the object.
    if (differ({ ...pair, loose }).next().done) return problems;
    const rendered = renderedLeaves(expected);
    // `unknown` is last and overwrites the other reasons, because a value with an unknown setting is not compared.
    for (const why of ["example", "nowhere", "unknown"] as const)
        for (const [path] of unread.filter((one) => one[1] === why)) {
            const other = replaced(settings, path, another(valueAt(settings, path)));
            for (const [key, begin] of changedIn(rendered, renderedLeaves(form.render(other as never))))
                loose.set(key, { why, begin });
        }
    return [...differ({ ...pair, loose }), ...problems];
}

/**
 * Why the value of a setting could not be read from the object.
 * - `example`: the object does not match the form where the setting occurs, so the example value is used.
 * - `nowhere`: the setting occurs only in a digest.
 * - `unknown`: the value is not known yet.
 */
type Loose = "example" | "nowhere" | "unknown";

interface Pair {
    expected: unknown;
    actual: unknown;
    /** Path in the object, for messages. */
    where: string;
    /** Path in the rendered object. */
    key: string;
    /** Paths of values that depend on an unreadable setting. `begin` is the first part of the value, which is known. */
    loose: Map<string, { why: Loose; begin: string }>;
}

const isDigest = (text: unknown, begin: string) =>
    typeof text === "string" && text.startsWith(begin) && /^[\w.:/-]*$/.test(text.slice(begin.length));
const below = (where: string, field: string) => (where === "" ? field : `${where}.${field}`);

function* differ(pair: Pair): Generator<string> {
    const { expected, actual, where, key, loose } = pair;
    if (actual === UNKNOWN) return;
    const { why, begin = "" } = loose.get(key) ?? {};
    if (why === "unknown" || (why === "nowhere" && isDigest(actual, begin))) return;
    const shows = why === undefined ? expected : {};
    if (Array.isArray(expected) && Array.isArray(actual)) yield* lists(pair, expected, actual);
    else if (isMap(expected) && isMap(actual)) yield* maps(pair, expected, actual);
    else if (actual === undefined) yield `${where}: is missing. ${write(shows)}`;
    else if (expected === undefined) yield `${where}: this project does not render this field. Remove it.`;
    else if (expected !== actual) yield `${where}: must be ${expectedText(shows)}${got(actual)}.`;
}

function* maps({ where, key, loose }: Pair, expected: Tree, actual: Tree): Generator<string> {
    for (const field of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
        const [one, other] = [expected[field], actual[field]];
        if (one === undefined && other === undefined) continue;
        yield* differ({ expected: one, actual: other, where: below(where, field), key: keyOf(key, field), loose });
    }
}

function* lists({ where, key, loose }: Pair, expected: unknown[], actual: unknown[]): Generator<string> {
    const names = [namesOf(expected), namesOf(actual)];
    if (!names[0] || !names[1]) {
        if (expected.length !== actual.length && !actual.includes(UNKNOWN))
            yield `${where}: must be a list of length ${expected.length} (got ${actual.length}). ${moved(expected, actual)}`;
        else
            for (const [i, one] of expected.entries())
                yield* differ({
                    expected: one,
                    actual: actual[i],
                    where: `${where}[${i}]`,
                    key: keyOf(key, i),
                    loose,
                });
        return;
    }
    for (const name of names[1])
        if (!names[0].includes(name)) yield `${where}: this project does not render ${name}. Remove it.`;
    for (const [i, name] of names[0].entries()) {
        const at = names[1].indexOf(name);
        if (at === -1) yield `${where}: ${name} is missing. Write it as this project renders it.`;
        else
            yield* differ({
                expected: expected[i],
                actual: actual[at],
                where: `${where}[${at}]`,
                key: keyOf(key, i),
                loose,
            });
    }
    // The order of rules and filters matters.
    const same = names[1].filter((name) => names[0]!.includes(name));
    const inOrder = names[0].filter((name) => names[1]!.includes(name)).every((name, i) => same[i] === name);
    if (!inOrder) yield `${where}: must be in the order ${names[0].join(", ")}. Sort it.`;
}

/** Names of the entries of a list; undefined unless every entry has a unique name. */
function namesOf(entries: unknown[]): string[] | undefined {
    const names = entries.map((entry) => map(entry).name);
    if (!names.every((name) => typeof name === "string")) return undefined;
    return new Set(names).size === names.length ? (names as string[]) : undefined;
}

/** Advice for a list of the wrong length. It names the texts that the list lacks. */
function moved(expected: unknown[], actual: unknown[]): string {
    const missing = expected.filter((one) => typeof one === "string" && !list(actual).includes(one));
    return missing.length > 0 ? `Add ${missing.join(", ")}.` : "Write it as this project renders it.";
}

/** Text of a value that this project renders, for messages. */
const expectedText = (value: unknown) => (typeof value === "object" ? "as this project renders it" : shown(value));
const write = (value: unknown) =>
    typeof value === "object" ? "Write it as this project renders it." : `Write ${shown(value)}.`;
/** Text that this project has not rendered may be a secret, so messages do not show it. */
const got = (value: unknown) => (["number", "boolean"].includes(typeof value) ? ` (got ${shown(value)})` : "");
