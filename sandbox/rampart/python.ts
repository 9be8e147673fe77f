/**
 * Formats values as Python 3.9 does. Rampart is a Python program whose messages contain values formatted by repr() and
 * json.dumps().
 */
import type { Json } from "./types.js";

/** Entries sorted by key, as the API server sends objects to webhooks and clients. */
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

/** Python's repr() of a JSON value, with the keys of maps sorted. */
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

/** Python's json.dumps(): with a space after each comma and colon, and all non-ASCII characters escaped. */
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
