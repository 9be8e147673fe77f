/**
 * Python 3.9's formatting of values. Rampart is a Python program whose messages have values by repr(), pprint and json.dumps,
 * so the same messages need the same formatting.
 */
import type { Json } from "./types.js";

/** Entries sorted by key: the API server sends objects to webhooks and clients with sorted keys. */
export function sortedEntries<T>(map: Record<string, T>): [string, T][] {
    return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function isMap(value: unknown): value is { [key: string]: Json } {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NAMED_ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprString(text: string): string {
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    let out = "";
    for (const char of text) {
        const code = char.codePointAt(0) ?? 0;
        if (NAMED_ESCAPES[char] !== undefined) out += NAMED_ESCAPES[char];
        else if (char === quote) out += `\\${char}`;
        // Python escapes non-printable characters: control, format, unassigned, and all separators except the space.
        else if (char !== " " && /[\p{C}\p{Z}]/u.test(char)) {
            if (code <= 0xff) out += `\\x${code.toString(16).padStart(2, "0")}`;
            else if (code <= 0xffff) out += `\\u${code.toString(16).padStart(4, "0")}`;
            else out += `\\U${code.toString(16).padStart(8, "0")}`;
        } else out += char;
    }
    return quote + out + quote;
}

function reprNumber(value: number): string {
    // Python uses an exponent below 0.0001 and pads it to two digits.
    if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
    return String(value);
}

/** repr() of a JSON value, maps with sorted keys. */
export function repr(value: Json): string {
    if (value === null) return "None";
    if (value === true) return "True";
    if (value === false) return "False";
    if (typeof value === "number") return reprNumber(value);
    if (typeof value === "string") return reprString(value);
    if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
    return `{${sortedEntries(value)
        .map(([key, item]) => `${reprString(key)}: ${repr(item)}`)
        .join(", ")}}`;
}

/** pprint.pformat(value, width=…): one line if it fits, otherwise one item per line below its opening bracket. */
export function pformat(value: Json, width = 72): string {
    return layout(value, 0, 0, 1, width);
}

/**
 * @param indent column of the start of the value
 * @param allowance characters after the value on its last line (closing brackets, a comma)
 */
function layout(value: Json, indent: number, allowance: number, level: number, width: number): string {
    const oneLine = repr(value);
    if (lengthOf(oneLine) <= width - indent - allowance) return oneLine;
    if (typeof value === "string") return layoutString(value, indent, allowance, level, width);
    const newLine = `,\n${" ".repeat(indent + 1)}`;
    const room = (last: boolean) => (last ? allowance + 1 : 1);
    if (Array.isArray(value)) {
        const items = value.map((item, i) => layout(item, indent + 1, room(i === value.length - 1), level + 1, width));
        return `[${items.join(newLine)}]`;
    }
    if (isMap(value)) {
        const entries = sortedEntries(value);
        const items = entries.map(([key, item], i) => {
            const head = `${reprString(key)}: `;
            const column = indent + 1 + lengthOf(head);
            return head + layout(item, column, room(i === entries.length - 1), level + 1, width);
        });
        return `{${items.join(newLine)}}`;
    }
    return oneLine;
}

/** len(): characters, while JavaScript counts UTF-16 units. */
const lengthOf = (text: string) => (/[\ud800-\udfff]/.test(text) ? [...text].length : text.length);

/** Splits long strings after white space into adjacent literals. Only a top-level one is in parentheses. */
function layoutString(text: string, indent: number, allowance: number, level: number, width: number): string {
    if (text === "") return repr(text);
    const top = level === 1;
    const column = top ? indent + 1 : indent;
    const tail = top ? allowance + 1 : allowance;
    const lines = text.match(/[^\n\r]*(?:\r\n|\n|\r)|[^\n\r]+/g) ?? [text];
    const chunks: string[] = [];
    lines.forEach((line, i) => {
        const lastLine = i === lines.length - 1;
        if (lengthOf(repr(line)) <= width - column - (lastLine ? tail : 0)) {
            chunks.push(repr(line));
            return;
        }
        let current = "";
        const words = (line.match(/\S*\s*/g) ?? []).filter((word) => word !== "");
        words.forEach((word, j) => {
            const room = width - column - (lastLine && j === words.length - 1 ? tail : 0);
            if (lengthOf(repr(current + word)) > room) {
                if (current !== "") chunks.push(repr(current));
                current = word;
            } else current += word;
        });
        if (current !== "") chunks.push(repr(current));
    });
    if (chunks.length === 1) return chunks[0] as string;
    const joined = chunks.join(`\n${" ".repeat(column)}`);
    return top ? `(${joined})` : joined;
}

/** json.dumps(): a space after every comma and colon, all non-ASCII characters escaped. */
export function jsonDumps(value: Json): string {
    if (Array.isArray(value)) return `[${value.map(jsonDumps).join(", ")}]`;
    if (isMap(value)) {
        return `{${Object.entries(value)
            .map(([key, item]) => `${jsonDumps(key)}: ${jsonDumps(item)}`)
            .join(", ")}}`;
    }
    return JSON.stringify(value).replace(
        /[\u007f-\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}
