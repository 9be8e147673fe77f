// The values, exceptions and conversions of CPython 3.8 on which Alpa's behavior depends. Texts of errors are shortened.

/** A value that `json.loads` returns. An int is a bigint and a float is a number, because Alpa treats them differently. */
export type PyValue = null | boolean | bigint | number | string | PyValue[] | Map<string, PyValue>;

/** A Python exception. The message is what Alpa sends to the caller. */
export class PyError extends Error {}

/** Emulates `isinstance(value, int)`. In Python, True and False are ints. */
export function isInt(value: PyValue): value is bigint | boolean {
    return typeof value === "bigint" || typeof value === "boolean";
}

/** Whether `uuid.UUID(text)` accepts a text, in the forms that Alpa sends. */
export function isUuid(text: string): boolean {
    return /^[0-9a-f]{32}$/i.test(text.replaceAll("-", ""));
}

/** Emulates `int(value)`. Digits of other scripts are unsupported. */
export function toInt(value: PyValue): bigint {
    if (isInt(value)) return BigInt(value);
    if (typeof value === "number") {
        if (!Number.isFinite(value)) throw new PyError(`cannot convert float ${value} to integer`);
        return BigInt(Math.trunc(value));
    }
    if (typeof value === "string" && /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value)) {
        const digits = BigInt(value.replace(/[\s+_-]/g, ""));
        return value.trim().startsWith("-") ? -digits : digits;
    }
    throw new PyError(`invalid literal for int() with base 10: ${str(value)}`);
}

const FLOAT = /^\s*[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?\s*$/i;
const FLOAT_WORD = /^\s*([+-]?)(inf|infinity|nan)\s*$/i;

/** Emulates `float(value)`. */
export function toFloat(value: PyValue): number {
    if (typeof value === "number") return value;
    if (isInt(value)) return Number(value);
    if (typeof value === "string") {
        const [, sign, word] = FLOAT_WORD.exec(value) ?? [];
        if (word) return /nan/i.test(word) ? NaN : sign === "-" ? -Infinity : Infinity;
        if (FLOAT.test(value)) return Number(value.replaceAll("_", ""));
    }
    throw new PyError(`could not convert to float: ${str(value)}`);
}

/** Emulates `round(value, 1)`, except for ties. */
export function roundToTenth(value: number): number {
    return Number.isFinite(value) && Math.abs(value) < 1e20 ? Number(value.toFixed(1)) : value;
}

/** Does `bool(value)`. */
export function toBool(value: PyValue): boolean {
    if (Array.isArray(value)) return value.length > 0;
    if (value instanceof Map) return value.size > 0;
    return Number.isNaN(value) || Boolean(value);
}

/** Text of a value in messages. */
export function str(value: PyValue): string {
    return value === null ? "None" : String(value);
}
