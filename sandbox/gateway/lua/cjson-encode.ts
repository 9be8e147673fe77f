/** Writes JSON as OpenResty's lua-cjson does: numbers have 14 digits, and slashes are not escaped (a setting of APISIX). */
import { CjsonError } from "./cjson";
import { luaNumber } from "./printed";

const SHORT_ESCAPES: Record<string, string> = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
};

/** Throws CjsonError for NaN and Infinity, as lua-cjson does. */
export function encodeJson(value: unknown): string {
    if (value === null || typeof value === "boolean") return String(value);
    if (typeof value === "number") {
        if (!Number.isFinite(value)) throw new CjsonError("Cannot serialise number: must not be NaN or Infinity");
        return luaNumber(value);
    }
    if (typeof value === "string") {
        const escape = (ch: string) => SHORT_ESCAPES[ch] ?? `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`;
        return `"${value.replace(/["\\\x00-\x1f\x7f]/g, escape)}"`;
    }
    if (Array.isArray(value)) return `[${value.map(encodeJson).join(",")}]`;
    const entries = Object.entries(value as object).map(([k, v]) => `${encodeJson(k)}:${encodeJson(v)}`);
    return `{${entries.join(",")}}`;
}
