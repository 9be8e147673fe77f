/**
 * Reads and writes JSON as OpenResty's lua-cjson does. It reads more than the standard: hexadecimal numbers, leading zeros, NaN,
 * Infinity; a NUL ends the text. Strings have one byte per character, so bytes that are not UTF-8 stay unchanged.
 */
import { luaNumber } from "./printed";

/** Deepest allowed nesting: lua-cjson's default. */
const MAX_DEPTH = 1000;

/** The text is not JSON, or the value cannot be written as JSON. */
export class CjsonError extends Error {}

/** The result of a conversion; undefined if cjson cannot do it. */
export function attempt<T>(convert: () => T): T | undefined {
    try {
        return convert();
    } catch (error) {
        if (error instanceof CjsonError) return undefined;
        throw error;
    }
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]+|\\[^])*"/y;
const INTEGER = /[+-]?\d+(?![.eEx\d])/y;
const NUMBER =
    /(?=[-+\din])[+-]?(?:0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/iy;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})|u([\da-fA-F]{4})|([^]))/g;

const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
/** lua-cjson's integers have 64 bits: a number beyond them becomes the largest or the smallest. */
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

function fail(): never {
    throw new CjsonError("invalid JSON");
}

/** Decodes a JSON text. Objects in the result have no prototype, so a key such as `__proto__` is ordinary data. */
export function decodeJson(given: string): unknown {
    if (given[1] === "\0") fail(); // UTF-16
    const [text] = given.split("\0", 1);
    let at = 0;
    const take = (pattern: RegExp): string | undefined => {
        pattern.lastIndex = at;
        const found = pattern.exec(text)?.[0];
        at += found?.length ?? 0;
        return found;
    };
    /** Whether the next sign is this one, which is then read. */
    const next = (sign: string): boolean => {
        take(SPACE);
        if (text[at] !== sign) return false;
        at++;
        return true;
    };
    /** Reads the parts of an object or a list until its end. */
    const parts = (end: string, depth: number, part: () => void): void => {
        if (depth > MAX_DEPTH) fail();
        if (next(end)) return;
        do part();
        while (next(","));
        if (!next(end)) fail();
    };
    const string = (): string => {
        take(SPACE);
        return unescaped((take(STRING) ?? fail()).slice(1, -1));
    };
    const value = (depth: number): unknown => {
        if (next("{")) {
            const object = Object.create(null) as Record<string, unknown>;
            parts("}", depth, () => {
                const name = string();
                if (!next(":")) fail();
                object[name] = value(depth + 1);
            });
            return object;
        }
        if (next("[")) {
            const list: unknown[] = [];
            parts("]", depth, () => list.push(value(depth + 1)));
            return list;
        }
        if (text[at] === '"') return string();
        const integer = take(INTEGER);
        if (integer !== undefined) return wholeNumber(integer);
        const number = take(NUMBER);
        if (number !== undefined) return strtod(number.toLowerCase());
        return JSON.parse(take(WORD) ?? fail());
    };
    const whole = value(1);
    take(SPACE);
    return at < text.length ? fail() : whole;
}

function unescaped(text: string): string {
    return text.replace(ESCAPE, (_, high?: string, low?: string, code?: string, sign = "") => {
        if (code === undefined && high === undefined) return ESCAPES[sign] ?? fail();
        const units = [high ?? code!, ...(low === undefined ? [] : [low])].map((hex) => parseInt(hex, 16));
        if (units.length === 1 && (units[0] & 0xf800) === 0xd800) fail(); // a lone surrogate
        return Buffer.from(String.fromCharCode(...units), "utf8").toString("latin1");
    });
}

function wholeNumber(text: string): number {
    const big = BigInt(text.replace("+", ""));
    return Number(big < LEAST ? LEAST : big > MOST ? MOST : big);
}

/** C's strtod, for a text in lower case. */
function strtod(text: string): number {
    const sign = text.startsWith("-") ? -1 : 1;
    const body = text.replace(/^[+-]/, "");
    if (body.startsWith("inf")) return sign * Infinity;
    if (body.startsWith("nan")) return NaN;
    if (!body.startsWith("0x")) return sign * Number(body);
    const [mantissa, power] = body.slice(2).split("p");
    const [whole, fraction = ""] = mantissa.split(".");
    return sign * (parseInt(whole + fraction, 16) / 16 ** fraction.length) * 2 ** Number(power ?? 0);
}

const SHORT_ESCAPES: Record<string, string> = {
    ...{ '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" },
};

/** Numbers have 14 digits, and slashes are not escaped (a setting of APISIX). @throws CjsonError for NaN and Infinity */
export function encodeJson(value: unknown): string {
    if (typeof value === "number") return Number.isFinite(value) ? luaNumber(value) : fail();
    if (typeof value === "string") {
        const escape = (ch: string) => SHORT_ESCAPES[ch] ?? `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`;
        return `"${value.replace(/["\\\x00-\x1f\x7f]/g, escape)}"`;
    }
    if (typeof value !== "object" || value === null) return String(value);
    if (Array.isArray(value)) return `[${value.map(encodeJson).join(",")}]`;
    return `{${Object.entries(value)
        .map(([name, inner]) => `${encodeJson(name)}:${encodeJson(inner)}`)
        .join(",")}}`;
}
