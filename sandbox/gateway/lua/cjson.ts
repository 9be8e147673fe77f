/**
 * Reads and writes JSON as OpenResty's lua-cjson does. It reads more than the standard: hexadecimal numbers, leading zeros,
 * NaN, Infinity; a NUL ends the text. Strings have one byte per character, so bytes that are not UTF-8 stay unchanged.
 * Unsupported, and so not JSON here: hexadecimal fractions.
 */
import { bytes } from "../http/headers";

/** Deepest allowed nesting: lua-cjson's default. */
const MAX_DEPTH = 1000;
/** Limits of lua-cjson's integers, which have 64 bits. */
const [LEAST, MOST] = [-(2 ** 63), 2 ** 63];

/** A string, a bracket, or a number of lua-cjson. */
const TOKEN =
    /"(?:[^"\\]|\\[^])*"|[[\]{}]|[+-]?(?:0x[\da-f]+(?:p[+-]?\d+)?|inf(?:inity)?|nan|\d+\.?\d*(?:e[+-]?\d+)?)|[+-]\.\d+(?:e[+-]?\d+)?/gi;
const ESCAPES = /(?:\\u[\da-f]{4})+|\\[^]/gi;

/** The decoded value; undefined if the text is not JSON. */
export function decodeJson(given: string): unknown {
    const [text] = given.split("\0", 1);
    let depth = 0;
    let tooDeep = false;
    const standard = text.replace(TOKEN, (token) => {
        if (token.startsWith('"')) return standardString(token);
        if (!/^[[\]{}]/.test(token)) return standardNumber(token.toLowerCase());
        depth += /[[{]/.test(token) ? 1 : -1;
        tooDeep ||= depth > MAX_DEPTH;
        return token;
    });
    try {
        return tooDeep || given[1] === "\0" ? undefined : JSON.parse(standard); // a NUL in second place: UTF-16
    } catch {
        return undefined;
    }
}

/** A string of the standard, with UTF-8 instead of escapes. */
function standardString(token: string): string {
    const controls = token.replace(/[\x00-\x1f]/g, (sign) => JSON.stringify(sign).slice(1, -1));
    return controls.replace(ESCAPES, (escapes) => {
        if (!/^\\u/.test(escapes)) return escapes;
        const text = JSON.parse(`"${escapes}"`) as string;
        // A lone surrogate is invalid; so is a string with the escape \x.
        return /\p{Cs}/u.test(text) ? "\\x" : bytes(JSON.stringify(text).slice(1, -1));
    });
}

/** A number of the standard. NaN becomes the least number, which no rule and no `exp` accepts. */
function standardNumber(token: string): string {
    const negative = token.startsWith("-");
    const digits = token.replace(/^[+-]/, "");
    const [whole, power = "0"] = digits.split("p"); // of a hexadecimal number
    const size = digits.startsWith("inf") ? Infinity : Number(whole) * 2 ** Number(power);
    const value = Number.isNaN(size) ? -Infinity : negative ? -size : size;
    if (!Number.isFinite(value)) return value < 0 ? "-1e999" : "1e999";
    return String(/^\d+$/.test(digits) ? Math.min(MOST, Math.max(LEAST, value)) : value);
}

/** Numbers have 14 digits. Undefined if a number is infinite, which cjson cannot write. */
export function encodeJson(value: unknown): string | undefined {
    let finite = true;
    const text = JSON.stringify(value, (_, one: unknown) => {
        if (typeof one !== "number") return one;
        finite &&= Number.isFinite(one);
        return Number(one.toPrecision(14));
    });
    return finite ? text : undefined;
}
