/** Differences between two JSON values, in a form that a person reads and that can be applied again. */
import { strict as assert } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { parsePath } from "../../ops/stack/review/differences";
import { isMap, valueAt, type Path } from "../../policy/resources/values";

/** Values by path, for example `inputs.spec.http[0].name`. Kinds without a difference are left out. */
export interface Difference {
    /** Removed values, by path in the old value. If the value is in a list, the later entries move up. */
    removed?: Record<string, unknown>;
    /** Added values, by path in the new value. If the value is in a list, the later entries move down. */
    added?: Record<string, unknown>;
    /** Old and new value of each changed value, by path in the new value. */
    changed?: Record<string, [from: unknown, to: unknown]>;
    /** Difference between the lines of changed multi-line texts, by path in the new value. */
    lines?: Record<string, Difference>;
}

/** Paths of a value before and after. `old` is undefined for an added value, `new` for a removed one. */
interface Edit {
    old?: Path;
    new?: Path;
    from?: unknown;
    to?: unknown;
}

/** @returns undefined if the values are equal */
export function differenceOf(from: unknown, to: unknown): Difference | undefined {
    const found: Required<Difference> = { removed: {}, added: {}, changed: {}, lines: {} };
    for (const { old, new: now, from: was, to: is } of edits(from, to, [], [])) {
        if (now === undefined) found.removed[textOf(old!)] = was;
        else if (old === undefined) found.added[textOf(now)] = is;
        else if (hasLines(was) && hasLines(is))
            found.lines[textOf(now)] = differenceOf(was.split("\n"), is.split("\n"))!;
        else found.changed[textOf(now)] = [was, is];
    }
    const some = Object.entries(found).filter(([, values]) => Object.keys(values).length > 0);
    return some.length > 0 ? Object.fromEntries(some) : undefined;
}

/** Differences between the parts of two values, or one difference of the whole value if this is shorter. */
function edits(from: unknown, to: unknown, old: Path, now: Path): Edit[] {
    if (isDeepStrictEqual(from, to)) return [];
    const whole = [{ old, new: now, from, to }];
    const parts =
        Array.isArray(from) && Array.isArray(to)
            ? ofLists(from, to, old, now)
            : isMap(from) && isMap(to)
              ? ofMaps(from, to, old, now)
              : whole;
    return now.length > 0 && length(parts) > length(whole) ? whole : parts;
}

const hasLines = (value: unknown): value is string => typeof value === "string" && value.includes("\n");
const length = (value: unknown) => JSON.stringify(value).length;

function ofMaps(from: Record<string, unknown>, to: Record<string, unknown>, old: Path, now: Path): Edit[] {
    return Object.keys({ ...from, ...to })
        .sort()
        .flatMap((key) => {
            if (!(key in to)) return [{ old: [...old, key], from: from[key] }];
            if (!(key in from)) return [{ new: [...now, key], to: to[key] }];
            return edits(from[key], to[key], [...old, key], [...now, key]);
        });
}

/** Compares entries that have the same name or value. The entries between them are compared in their order. */
function ofLists(from: unknown[], to: unknown[], old: Path, now: Path): Edit[] {
    const found: Edit[] = [];
    let [i, j] = [0, 0];
    for (const [nextOld, nextNew] of [...common(from.map(identity), to.map(identity)), [from.length, to.length]]) {
        for (; i < nextOld && j < nextNew; i++, j++) found.push(...edits(from[i], to[j], [...old, i], [...now, j]));
        for (; i < nextOld; i++) found.push({ old: [...old, i], from: from[i] });
        for (; j < nextNew; j++) found.push({ new: [...now, j], to: to[j] });
        if (i < from.length && j < to.length) found.push(...edits(from[i], to[j], [...old, i++], [...now, j++]));
    }
    return found;
}

function identity(entry: unknown): string {
    return isMap(entry) && typeof entry.name === "string" ? `name ${entry.name}` : JSON.stringify(entry);
}

/** Positions of the longest common subsequence. */
function common(a: string[], b: string[]): [number, number][] {
    const lengths = Array.from({ length: a.length + 1 }, () => Array<number>(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
            lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    const found: [number, number][] = [];
    for (let [i, j] = [0, 0]; i < a.length && j < b.length;) {
        if (a[i] === b[j]) found.push([i++, j++]);
        else if (lengths[i + 1][j] >= lengths[i][j + 1]) i++;
        else j++;
    }
    return found;
}

/** A path in Pulumi's notation, which `parsePath` reads. */
function textOf(path: Path): string {
    return path
        .map((part, i) => {
            if (typeof part === "number") return `[${part}]`;
            if (/^[^.[\]"\\*]+$/.test(part)) return i > 0 ? `.${part}` : part;
            return `[${JSON.stringify(part)}]`;
        })
        .join("");
}

/**
 * The value after a difference. @param where name of the difference in errors
 * @throws AssertionError if the difference does not fit the value
 */
export function applied<T>(value: T, difference: Difference | undefined, where: string): T {
    const result = structuredClone({ value });
    const { removed = {}, added = {}, changed = {}, lines = {}, ...unknown } = difference ?? {};
    assert.deepEqual(unknown, {}, `${where}: must have removed, added, changed and lines only`);
    const place = (text: string, from?: unknown) => {
        const path = ["value", ...parsePath(text)];
        const [parent, key] = [valueAt(result, path.slice(0, -1)) as any, path.at(-1)!];
        assert.equal(typeof (parent ?? ""), "object", `${where}: ${text}: must be in a map or a list`);
        if (from !== undefined) assert.deepEqual(parent[key], from, `${where}: ${text}: must have the old value`);
        return { parent, key };
    };
    for (const text of Object.keys(removed).sort(byNumber).reverse()) {
        const { parent, key } = place(text, removed[text]);
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
    }
    for (const text of Object.keys(added).sort(byNumber)) {
        const { parent, key } = place(text);
        if (Array.isArray(parent)) parent.splice(Number(key), 0, undefined);
        else assert.ok(!(key in parent), `${where}: ${text}: must be new`);
        parent[key] = structuredClone(added[text]);
    }
    for (const [text, [from, to]] of Object.entries(changed)) {
        const { parent, key } = place(text, from);
        parent[key] = structuredClone(to);
    }
    for (const [text, inside] of Object.entries(lines)) {
        const { parent, key } = place(text);
        parent[key] = applied(String(parent[key]).split("\n"), inside, `${where}: ${text}`).join("\n");
    }
    return result.value;
}

function byNumber(a: string, b: string): number {
    return a.localeCompare(b, "en", { numeric: true });
}
