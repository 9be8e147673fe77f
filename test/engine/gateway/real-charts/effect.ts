/**
 * Finds the values that a chart reads. A chart reads a value if a change of the value changes the objects or makes helm
 * fail.
 */
import { isDeepStrictEqual } from "node:util";
import type { Tree } from "../../../../policy/resources/values";
import type { RealCharts } from "./charts";
import type { ValueSet } from "./value-sets";

/** Paths of all values. A list or an empty mapping is one value. */
function leaves(node: unknown, path: string[] = []): string[][] {
    const inner = isTree(node) ? Object.entries(node) : [];
    return inner.length === 0 ? [path] : inner.flatMap(([key, value]) => leaves(value, [...path, key]));
}

/** Paths of the values that the chart ignores in every set. */
export async function ignoredPaths(charts: RealCharts, sets: ValueSet[]): Promise<string[]> {
    const carriers = new Map<string, ValueSet[]>();
    for (const set of sets)
        for (const path of leaves(set.values)) {
            const key = JSON.stringify(path);
            carriers.set(key, [...(carriers.get(key) ?? []), set]);
        }
    const before = new Map<string, Promise<unknown>>();
    const ignored: string[] = [];
    for (const [key, all] of carriers) {
        const path = JSON.parse(key) as string[];
        if (!(await anyReads(charts, path, all, before))) ignored.push(path.join("."));
    }
    return ignored;
}

async function anyReads(charts: RealCharts, path: string[], sets: ValueSet[], before: Map<string, Promise<unknown>>) {
    for (const set of sets.slice(0, SETS_FOR_A_PATH))
        // The chart renders some objects only for upgrades, so both modes are tried.
        for (const mode of [[], ["--is-upgrade"]]) {
            const key = `${set.what} ${mode.join(" ")}`;
            const old = before.get(key) ?? charts.render(set, set.values, mode);
            before.set(key, old);
            const now = charts.render(set, changed(set.values, path), mode).catch(() => "refused");
            if (!isDeepStrictEqual(await old, await now)) return true;
        }
    return false;
}
/**
 * Largest number of value sets in which each path is tried. More than one, because some values have an effect only
 * together with other values.
 */
const SETS_FOR_A_PATH = 3;

function changed(node: unknown, [first, ...rest]: string[]): Tree {
    const tree = node as Tree;
    return { ...tree, [first]: rest.length === 0 ? another(tree[first]) : changed(tree[first], rest) };
}

function another(value: unknown): unknown {
    if (typeof value === "boolean") return !value;
    if (typeof value === "number") return value + 1;
    if (Array.isArray(value)) return value.length > 0 ? [] : ["another"];
    return isTree(value) ? { another: "one" } : `${String(value)}x`;
}

const isTree = (node: unknown): node is Tree => typeof node === "object" && node !== null && !Array.isArray(node);
