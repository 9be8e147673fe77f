// The values, exceptions and conversions of CPython 3.8 on which Alpa's answers depend.
// Facts: docs.python.org/3.8 (int, float, repr), and the messages of CPython 3.8.18.

/** A value that `json.loads` returns. An int is a bigint and a float is a number, because Alpa treats them differently. */
export type PyValue = null | boolean | bigint | number | string | PyValue[] | Map<string, PyValue>;

/** A Python exception. The message is `str(e)`, which is what Alpa sends to the caller. */
export class PyError extends Error {
    constructor(
        readonly type: string,
        message: string,
    ) {
        super(message);
    }
}

/** Does `type(value).__name__`. */
export function typeName(value: PyValue): string {
    if (value === null) return "NoneType";
    if (typeof value === "boolean") return "bool";
    if (typeof value === "bigint") return "int";
    if (typeof value === "number") return "float";
    if (typeof value === "string") return "str";
    return Array.isArray(value) ? "list" : "dict";
}

/** Emulates `isinstance(value, int)`. In Python, True and False are ints. */
export function isInt(value: PyValue): value is bigint | boolean {
    return typeof value === "bigint" || typeof value === "boolean";
}

const INT_TEXT = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT_TEXT = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?)$/i;
const FLOAT_WORD = /^([+-]?)(inf|infinity|nan)$/i;

// Whitespace that int() and float() strip from an ASCII text: C's isspace.
const C_SPACE = /^[ \t-\r]+|[ \t-\r]+$/g;
// int() quotes the repr of an invalid value in its error. CPython cuts the quote to this many characters ("%.200R").
const QUOTED_BY_INT = 200;

/**
 * Converts a text to ASCII as int() and float() do: digits and spaces of every script become ASCII. At the first other
 * non-ASCII character the result ends with "?".
 */
function toAscii(text: string): string {
    let out = "";
    for (const char of text) {
        const code = char.codePointAt(0) as number;
        if (code < 0x7f) out += char;
        else if (code !== 0xfeff && /[\s\x85]/.test(char)) out += " ";
        else if (/\p{Nd}/u.test(char)) out += digitOf(code);
        else return `${out}?`;
    }
    return out;
}

/** Value of a decimal digit of any script. The digits of a script are ten consecutive code points from its zero. */
function digitOf(code: number): number {
    let zero = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return (code - zero) % 10;
}

const HEX_TEXT = /^\+?(?:0x_?)?[0-9a-f]+(?:_[0-9a-f]+)*$/i;

/**
 * Whether `uuid.UUID(text)` accepts a text. Without hyphens, braces and the prefixes `urn:` and `uuid:`, the text must
 * have 32 characters, and int() must accept it as a number in base 16.
 */
export function isUuid(text: string): boolean {
    const bare = text
        .replaceAll("urn:", "")
        .replaceAll("uuid:", "")
        .replace(/^[{}]+|[{}]+$|-/g, "");
    return [...bare].length === 32 && HEX_TEXT.test(toAscii(bare).replace(C_SPACE, ""));
}

/** Emulates `int(value)`. @throws PyError with Python's message */
export function toInt(value: PyValue): bigint {
    if (typeof value === "bigint") return value;
    if (typeof value === "boolean") return value ? 1n : 0n;
    if (typeof value === "number") {
        if (Number.isNaN(value)) throw new PyError("ValueError", "cannot convert float NaN to integer");
        if (!Number.isFinite(value)) throw new PyError("OverflowError", "cannot convert float infinity to integer");
        return BigInt(Math.trunc(value));
    }
    if (typeof value === "string") {
        const text = toAscii(value).replace(C_SPACE, "");
        if (!INT_TEXT.test(text)) {
            const quoted = [...repr(value)].slice(0, QUOTED_BY_INT).join("");
            throw new PyError("ValueError", `invalid literal for int() with base 10: ${quoted}`);
        }
        const digits = BigInt(text.replace(/[+_-]/g, ""));
        return text.startsWith("-") ? -digits : digits;
    }
    throw new PyError(
        "TypeError",
        `int() argument must be a string, a bytes-like object or a number, not '${typeName(value)}'`,
    );
}

/** Emulates `float(value)`. @throws PyError with Python's message */
export function toFloat(value: PyValue): number {
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    if (typeof value === "bigint") {
        const number = Number(value);
        if (!Number.isFinite(number)) throw new PyError("OverflowError", "int too large to convert to float");
        return number;
    }
    if (typeof value === "string") {
        const text = toAscii(value).replace(C_SPACE, "");
        const word = FLOAT_WORD.exec(text);
        if (word) return /nan/i.test(word[2]) ? NaN : word[1] === "-" ? -Infinity : Infinity;
        if (!FLOAT_TEXT.test(text)) {
            throw new PyError("ValueError", `could not convert string to float: ${repr(text === "" ? "" : value)}`);
        }
        return Number(text.replace(/_/g, ""));
    }
    throw new PyError("TypeError", `float() argument must be a string or a number, not '${typeName(value)}'`);
}

/**
 * Emulates `round(value, 1)`. Like Python, toFixed rounds the exact binary value. The two differ only for ties (x.25, x.75),
 * which no test uses.
 */
export function roundToTenth(value: number): number {
    return Number.isFinite(value) && Math.abs(value) < 1e20 ? Number(value.toFixed(1)) : value;
}

/** Does `bool(value)`. */
export function toBool(value: PyValue): boolean {
    if (Array.isArray(value)) return value.length > 0;
    if (value instanceof Map) return value.size > 0;
    if (typeof value === "number" && Number.isNaN(value)) return true;
    return Boolean(value);
}

/** Does `str(value)`. */
export function str(value: PyValue): string {
    return typeof value === "string" ? value : repr(value);
}

/** Does `repr(value)`. */
function repr(value: PyValue): string {
    if (value === null) return "None";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "number") return reprFloat(value);
    if (typeof value === "string") return reprString(value);
    if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
    return `{${[...value].map(([key, item]) => `${reprString(key)}: ${repr(item)}`).join(", ")}}`;
}

function reprFloat(value: number): string {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    if (Object.is(value, -0)) return "-0.0";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
        // Python writes the exponent with at least two digits and a sign.
        return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
    }
    const text = value.toString();
    return /[.e]/.test(text) ? text : `${text}.0`;
}

function reprString(value: string): string {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    let out = "";
    for (const char of value) {
        const code = char.codePointAt(0) as number;
        if (char === quote || char === "\\") out += `\\${char}`;
        else if (char === "\n") out += "\\n";
        else if (char === "\r") out += "\\r";
        else if (char === "\t") out += "\\t";
        else if (char === " " || !/[\p{C}\p{Z}]/u.test(char)) out += char;
        else if (code < 0x100) out += `\\x${code.toString(16).padStart(2, "0")}`;
        else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
        else out += `\\U${code.toString(16).padStart(8, "0")}`;
    }
    return quote + out + quote;
}
