import { diffArrays } from "diff";
import {
    Document,
    isCollection,
    isMap,
    isScalar,
    parseDocument,
    visit,
    type Node,
    type Scalar,
    type ToStringOptions,
} from "yaml";
import { UsageError } from "../errors";

/**
 * Edits YAML, and keeps every line that the edit does not touch. The library keeps comments and order, but rewrites the
 * whole file in one style: aligned comments would move, and the diff would hide the change.
 */
export function editYaml(text: string, edit: (document: Document) => void): string {
    // The library writes no Windows line breaks, so edited lines would differ from the other lines.
    if (isWindows(text)) return editYaml(text.replaceAll("\r\n", "\n"), edit).replaceAll("\n", "\r\n");
    const style = styleOf(text);
    let first: string | undefined;
    // A file may have both indented and unindented lists, so both styles are tried: one of them must fit the edited lines.
    for (const indentSeq of [style.indentSeq, !style.indentSeq]) {
        const document = parseYaml(text);
        const same = document.toString({ ...style, indentSeq });
        edit(document);
        const edited = document.toString({ ...style, indentSeq });
        const merged = same === text ? edited : mergeLines(text.split("\n"), same.split("\n"), edited.split("\n"));
        if (meaning(merged) === meaning(edited)) return merged;
        first ??= edited;
    }
    return first!; // No style fits: a file in another style is better than one with other content.
}

/** Whether every line break is one of Windows. */
function isWindows(text: string): boolean {
    return /\r\n/.test(text) && !/(^|[^\r])\n/.test(text);
}

/** @throws UsageError if the text is not a YAML stack file; the error does not quote it, since it may contain secrets */
export function parseYaml(text: string): Document {
    const document = parseDocument(text);
    const [error] = document.errors;
    if (error !== undefined) {
        const line = error.linePos?.[0].line;
        throw new UsageError([`the stack file: must be YAML (${error.code}, line ${line ?? "unknown"}).`]);
    }
    if (!hasValues(document))
        throw new UsageError([
            "the stack file: must have each anchor before its aliases, and not so many aliases that the YAML library rejects the file.",
        ]);
    const config = document.get("config", true);
    const known = isMap(config) || config === undefined || (isScalar(config) && config.value === null);
    if (known && (isMap(document.contents) || document.contents === null)) {
        const problems = readOtherwise(text, document);
        if (problems.length > 0) throw new UsageError(problems);
        return document;
    }
    throw new UsageError([
        "the stack file: must be a mapping with the key config. The value of config must be a mapping, not an alias.",
    ]);
}

/** Whether all aliases can be resolved. The library checks this, and their number, only when it reads their values. */
function hasValues(document: Document): boolean {
    let isAliased = false;
    visit(document, { Alias: () => ((isAliased = true), visit.BREAK) });
    try {
        if (isAliased) document.toJS();
        return true;
    } catch {
        return false;
    }
}

/** Formatting of a file, as far as the library supports it. */
function styleOf(text: string): ToStringOptions {
    const indent = /^(?:config|consumers):.*\n(?:\s*(?:#.*)?\n)*( +)\S/m.exec(text)?.[1].length ?? 2;
    const list = /^( *)[^\s#-][^\n]*:[ \t]*(?:#.*)?\n(?:\s*(?:#.*)?\n)*( *)- /m.exec(text);
    return {
        indent,
        indentSeq: list === null || list[2].length > list[1].length,
        flowCollectionPadding: !/\{\S/.test(text),
        lineWidth: 0,
        singleQuote: false,
    };
}

/** Applies the difference between `same` (the original in the library's style) and `edited` to `original`. */
function mergeLines(original: string[], same: string[], edited: string[]): string {
    const places = alignment(same, original);
    const lines: string[] = [];
    let at = 0; // in same
    let taken = 0; // in original
    for (const part of diffArrays(same, edited)) {
        if (part.added) lines.push(...part.value);
        else {
            at += part.value.length;
            const end = places[at];
            if (!part.removed) lines.push(...original.slice(taken, end));
            taken = end;
        }
    }
    return lines.join("\n");
}

/** Matches lines. The first `n` lines of `from` correspond to the first `result[n]` lines of `to`. */
function alignment(from: string[], to: string[]): number[] {
    const places = [0];
    let base = 0;
    // The styles differ mostly in spaces: without spaces most lines can be matched exactly.
    const bare = (line: string) => line.replace(/\s/g, "");
    const parts = diffArrays(from, to, { comparator: (left, right) => bare(left) === bare(right) });
    for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        const next = parts[i + 1];
        // If lines differ only in style, the comparison shows removed lines next to added lines.
        const [gone, come] = part.added
            ? next?.removed
                ? [next.value.length, part.value.length]
                : [0, part.value.length]
            : part.removed
              ? [part.value.length, next?.added ? next.value.length : 0]
              : [part.value.length, part.value.length];
        if ((part.added && next?.removed) || (part.removed && next?.added)) i++;
        for (let k = 1; k <= gone; k++) places.push(k === gone ? base + come : Math.min(base + k, base + come));
        if (gone === 0) places[places.length - 1] += come;
        base += come;
    }
    return places;
}

/**
 * Restores comments below an entry that was removed from a list. The library treats them as a part of the entry, even if
 * they belong to the next one. Comments that are indented more than the entry are deleted with it.
 * @param entry node of the entry in `before`
 * @param isFirst whether it was the first entry of the list
 */
export function keepCommentsBelow(
    before: string,
    after: string,
    entry: Node,
    { isFirst }: { isFirst: boolean },
): string {
    const lines = before.split("\n");
    const lineOf = (offset: number) => before.slice(0, offset).split("\n").length - 1;
    const indent = /^( *)- /.exec(lines[lineOf(entry.range![0])])?.[1].length;
    if (indent === undefined) return after;
    let end = 0;
    visit(entry, {
        Node: (_, node) => {
            if (isScalar(node) || (isCollection(node) && node.flow)) end = Math.max(end, node.range![1]);
        },
    });
    const rest = lines.slice(lineOf(before.slice(0, end).trimEnd().length) + 1);
    const next = rest.findIndex((line) => !/^\s*(#|$)/.test(line));
    const below = next === -1 ? rest : rest.slice(0, next);
    let from = below.findIndex((line) => /^ *#/.test(line) && line.indexOf("#") <= indent);
    if (from === -1) return after;
    while (!isFirst && from > 0 && below[from - 1].trim() === "") from--;
    const edited = after.split("\n");
    const head = edited.slice(0, edited.length - (rest.length - below.length));
    const known = below.map((line) => line.trim());
    while (head.length > 0 && known.includes(head.at(-1)!.trim())) head.pop();
    const kept = [...head, ...below.slice(from), ...rest.slice(below.length)].join("\n");
    return meaning(kept) === meaning(after) ? kept : after;
}

/** A number with a leading zero, which is octal in YAML 1.1, and decimal in YAML 1.2. */
const OCTAL = /^[-+]?0[0-7]+$/;

/**
 * Reports values that Pulumi (YAML 1.1) and these commands (YAML 1.2) read differently: the commands would see other callers
 * than the program. A callers file needs no such check, because the program reads it as the commands do.
 */
function readOtherwise(text: string, document: Document): string[] {
    if (!document.has("config") || !/<<|(?<![\w.])[-+]?0[0-7]/.test(text)) return [];
    const at = ({ range }: Scalar) => `line ${text.slice(0, range![0]).split("\n").length}`;
    const problems: string[] = [];
    visit(document, {
        Scalar: (key, scalar) => {
            if (scalar.type !== "PLAIN") return;
            if (key === "key" && scalar.value === "<<")
                problems.push(
                    `the stack file: has a merge key (<<, ${at(scalar)}). Write out the keys that it merges.`,
                );
            if (key !== "key" && typeof scalar.value === "number" && OCTAL.test(scalar.source ?? ""))
                problems.push(
                    `the stack file: has a number with a leading zero (${at(scalar)}), which Pulumi reads as octal. Remove the zero, or put the value in quotes.`,
                );
        },
    });
    return problems;
}

/** Content of a YAML text, independent of its formatting; undefined if it cannot be parsed. */
function meaning(text: string): string | undefined {
    const document = parseDocument(text);
    return document.errors.length > 0 ? undefined : JSON.stringify(document.toJS());
}

/** A date: Pulumi's YAML parser passes it on as a timestamp. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A node's value as Pulumi passes it to the program. @param secrets plain text by ciphertext */
export function asPulumiReads(document: Document, secrets: ReadonlyMap<string, string>): unknown {
    const copy = document.clone();
    visit(copy, {
        Map: (_, map) => {
            const cipher = map.items.length === 1 ? map.get("secure") : undefined;
            if (typeof cipher !== "string") return;
            // The plain text keeps the anchor, because aliases in the file may refer to it: several hosts may share one key.
            return Object.assign(copy.createNode(secrets.get(cipher) ?? cipher), { anchor: map.anchor });
        },
        Scalar: (key, scalar) => {
            if (key === "key" || scalar.type !== "PLAIN" || typeof scalar.value !== "string") return;
            if (isScalar(scalar) && DATE.test(scalar.value)) scalar.value += " 00:00:00 +0000 UTC";
        },
    });
    return copy.toJS();
}
