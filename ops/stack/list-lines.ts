import { isMap, isNode, type Node, type YAMLSeq } from "yaml";

/** The lines of a file that contains a list: before the list, of each entry, and after the list. */
interface ListLines {
    /** Lines up to and including the key of the list. */
    head: string[];
    /** Lines of each entry. They include the comments above the entry, unless these are indented more than its dash. */
    entries: string[][];
    tail: string[];
    /** Number of spaces in front of the dashes. */
    indent: number;
}

/**
 * Divides the lines of a file so that comments belong to the entry below them. The YAML library treats comments between
 * two entries as a part of the first one.
 * @param map the mapping that has the list
 * @returns undefined where the entries are not on lines of their own
 */
export function listLines(text: string, map: unknown, list: YAMLSeq): ListLines | undefined {
    const key: unknown = isMap(map) ? map.items.find(({ value }) => value === list)?.key : undefined;
    if (list.flow || list.items.length === 0 || text.includes("\r") || !isNode(key)) return undefined;
    const lines = text.split("\n");
    const lineOf = ({ range }: Node) => text.slice(0, range![0]).split("\n").length - 1;
    const first = list.items.map((item) => lineOf(item as Node));
    const [indent, ...others] = new Set(first.map((line) => /^( *)- /.exec(lines[line])?.[1].length));
    if (indent === undefined || others.length > 0) return undefined;
    const ends = first.map((line) => {
        const next = lines.findIndex((one, i) => i > line && one.trim() !== "" && one.search(/\S/) <= indent);
        let end = next === -1 ? lines.length : next;
        while (lines[end - 1].trim() === "") end--;
        return end;
    });
    const starts = [lineOf(key) + 1, ...ends.slice(0, -1)];
    return {
        head: lines.slice(0, starts[0]),
        entries: starts.map((start, i) => lines.slice(start, ends[i])),
        tail: lines.slice(ends.at(-1)),
        indent,
    };
}

/** Changes the indentation of the entries, and removes blank lines above the first entry. */
export function shifted(entries: string[][], from: number, to: number): string[] {
    const lines = entries.flat().map((line) => {
        const bare = line.slice(Math.min(from, Math.max(line.search(/\S/), 0)));
        return bare.trim() === "" ? "" : " ".repeat(to) + bare;
    });
    return lines.slice(lines.findIndex((line) => line !== ""));
}

/** For a list without entries: returns the lines without the list's key and the comments directly above the key. */
export function withoutKey({ head, tail }: ListLines): string[] {
    const key = head.at(-1)!.search(/\S/);
    let end = head.length - 1;
    while (end > 0 && /^ *#/.test(head[end - 1]) && head[end - 1].indexOf("#") === key) end--;
    return [...head.slice(0, end), ...tail];
}
