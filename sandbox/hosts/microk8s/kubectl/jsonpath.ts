/**
 * kubectl's JSONPath templates: `{.a.b}`, `['a']`, `.a\.b`, `[*]`, `[0]`, `[?(@.a=="b")]`, `{range …}…{end}`, `{"\n"}`. All
 * others are unsupported.
 */
import { KubectlError } from "./call";

export function jsonPath(template: string, object: unknown): string {
    const text = template.replace(/^'(.*)'$/s, "$1");
    const pieces = [...text.matchAll(/\{((?:"[^"]*"|[^}"])*)\}|([^{]+)/gs)].map(([, inner, plain]) => ({
        inner,
        plain,
    }));
    const { out } = render(pieces, 0, object);
    return out;
}

type Piece = { inner?: string; plain?: string };

function render(pieces: Piece[], from: number, object: unknown): { out: string; next: number } {
    let out = "";
    for (let i = from; i < pieces.length; i++) {
        const { inner, plain } = pieces[i];
        if (inner === undefined) out += plain;
        else if (inner === "end") return { out, next: i };
        else if (/^"/.test(inner)) out += JSON.parse(inner) as string;
        else if (inner.startsWith("range ")) {
            const all = select(inner.slice(6).trim(), object);
            const { next } = render(pieces, i + 1, undefined);
            for (const one of all) out += render(pieces, i + 1, one).out;
            i = next;
        } else out += select(inner.trim(), object).map(text).join(" ");
    }
    return { out, next: pieces.length };
}

const text = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));

const STEP =
    /^(?:\.?\['(?<quoted>[^']+)'\]|\.(?<name>(?:\\.|[\w/@-])+)|\[(?<index>\*|\d+)\]|\[\?\(@(?<path>[^=!]+?)\s*==\s*["'](?<value>[^"']*)["']\)\])/;

/** Returns all values at a path. */
function select(path: string, object: unknown): unknown[] {
    let rest = path.replace(/^[$@]/, "");
    let found: unknown[] = object === undefined ? [] : [object];
    while (rest !== "" && rest !== ".") {
        const step = STEP.exec(rest);
        if (!step?.groups) throw new KubectlError(`unsupported by the sandbox: kubectl with jsonpath ${path}`);
        const { quoted, name, index, path: condition, value } = step.groups;
        const key = quoted ?? name?.replaceAll("\\", "");
        if (key !== undefined) found = found.flatMap((one) => member(one, key));
        else if (condition !== undefined)
            found = found.flatMap(items).filter((one) => select(condition, one).some((is) => text(is) === value));
        else
            found =
                index === "*"
                    ? found.flatMap(items)
                    : found.flatMap((one) => items(one).slice(Number(index), Number(index) + 1));
        rest = rest.slice(step[0].length);
    }
    return found;
}

function member(value: unknown, key: string): unknown[] {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
    return [(value as Record<string, unknown>)[key]];
}

const items = (value: unknown): unknown[] =>
    Array.isArray(value) ? value : typeof value === "object" && value !== null ? Object.values(value) : [];
