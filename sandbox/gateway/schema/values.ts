/** JSON Schema keywords for plain values, and the Lua types of JSON values. */
import { luaNumber, luaQuote } from "../lua/printed";
import { compilePcre } from "../lua/pcre";

export type Schema = boolean | { [keyword: string]: unknown };
/** Returns undefined for a valid value, otherwise the error message. It may write defaults into the value. */
export type Check = (value: unknown) => string | undefined;
export type Compile = (schema: Schema) => Check;
export type Dict = Record<string, unknown>;

/** Thrown for a schema that the validator rejects when it is written, or that fails when it is used (APISIX answers 500). */
export class SchemaCrash extends Error {}

export const isDict = (value: unknown): value is Dict =>
    typeof value === "object" && value !== null && !Array.isArray(value);
export const isTable = (value: unknown): value is Dict | unknown[] => typeof value === "object" && value !== null;
export const has = (dict: Dict, key: string) => Object.hasOwn(dict, key) && dict[key] !== undefined;

/** A value's type in Lua; JSON null is userdata. */
function luaType(value: unknown): string {
    if (value === null) return "userdata";
    return typeof value === "object" ? "table" : typeof value;
}

function ofType(type: string, value: unknown): boolean {
    switch (type) {
        case "object":
            // In Lua, an empty table is both an object and an array.
            return isDict(value) || (Array.isArray(value) && value.length === 0);
        case "array":
            return Array.isArray(value);
        case "integer":
            return typeof value === "number" && value % 1 === 0;
        case "null":
            return value === null;
        case "table": // the types table and function exist only in APISIX's validator
            return isTable(value);
        case "function":
            return false;
        case "string":
        case "boolean":
        case "number":
            return typeof value === type;
        default:
            throw new SchemaCrash(`invalid JSON type: ${type}`);
    }
}

export function deepEqual(a: unknown, b: unknown): boolean {
    if (!isTable(a) || !isTable(b)) return a === b;
    const keysA = Object.keys(a);
    return (
        Array.isArray(a) === Array.isArray(b) &&
        keysA.length === Object.keys(b).length &&
        keysA.every((k) => has(b as Dict, k) && deepEqual((a as Dict)[k], (b as Dict)[k]))
    );
}

const PART = "[\x80-\xbf]";
/** Matches valid UTF-8 characters of more than one byte. Every other byte counts as one character. */
const WIDE = new RegExp(
    [
        ...[`[\xc2-\xdf]${PART}`, `\xe0[\xa0-\xbf]${PART}`, `[\xe1-\xec\xee\xef]${PART}{2}`, `\xed[\x80-\x9f]${PART}`],
        ...[`\xf0[\x90-\xbf]${PART}{2}`, `[\xf1-\xf3]${PART}{3}`, `\xf4[\x80-\x8f]${PART}{2}`],
    ].join("|"),
    "g",
);

/** Number of characters (code points). @param byteText whether each character of the text is one byte of UTF-8 */
function length(text: string, byteText: boolean): number {
    return byteText ? text.replace(WIDE, "x").length : [...text].length;
}

export function typeCheck({ type }: Dict): Check | undefined {
    if (typeof type === "string") {
        ofType(type, undefined); // throws for an unknown type, so that the write of the schema fails
        return (v) => (ofType(type, v) ? undefined : `wrong type: expected ${type}, got ${luaType(v)}`);
    }
    if (!Array.isArray(type)) return undefined;
    const names = type as string[];
    for (const name of names) ofType(name, undefined);
    return (v) =>
        names.some((n) => ofType(n, v))
            ? undefined
            : `wrong type: expected one of ${names.join(", ")}, got ${luaType(v)}`;
}

export function stringCheck({ minLength, maxLength, pattern }: Dict, byteText: boolean): Check | undefined {
    if (minLength === undefined && maxLength === undefined && pattern === undefined) return undefined;
    const regex = typeof pattern === "string" ? compilePcre(pattern) : undefined;
    return (value) => {
        if (typeof value !== "string") return undefined;
        const count = length(value, byteText);
        if (count < ((minLength as number) ?? 0))
            return `string too short, expected at least ${minLength}, got ${count}`;
        if (count > ((maxLength as number) ?? Infinity))
            return `string too long, expected at most ${maxLength}, got ${count}`;
        if (typeof pattern === "string" && !regex?.test(value))
            return `failed to match pattern ${luaQuote(pattern)} with ${luaQuote(value)}`;
        return undefined;
    };
}

export function numberCheck(schema: Dict): Check | undefined {
    const words = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"] as const;
    if (words.every((w) => schema[w] === undefined)) return undefined;
    // In draft 4 of JSON Schema, exclusiveMinimum and exclusiveMaximum are booleans. APISIX accepts such a schema, but every
    // comparison with the boolean fails.
    const wrong = words.find((w) => schema[w] !== undefined && typeof schema[w] !== "number");
    const bound = (word: (typeof words)[number]) => schema[word] as number | undefined;
    return (value) => {
        if (typeof value !== "number") return undefined;
        if (wrong) throw new SchemaCrash(`${wrong}: attempt to compare number with ${luaType(schema[wrong])}`);
        const expected = `expected ${luaNumber(value)} to be`;
        const [min, above, max, below, unit] = words.map(bound);
        if (min !== undefined && value < min) return `${expected} at least ${luaNumber(min)}`;
        if (above !== undefined && value <= above) return `${expected} greater than ${luaNumber(above)}`;
        if (max !== undefined && value > max) return `${expected} at most ${luaNumber(max)}`;
        if (below !== undefined && value >= below) return `${expected} smaller than ${luaNumber(below)}`;
        const quotient = unit === undefined ? 0 : Number.isInteger(unit) ? value % unit : (value / unit) % 1;
        return quotient === 0 ? undefined : `${expected} a multiple of ${luaNumber(unit as number)}`;
    };
}

export function valueCheck(schema: Dict): Check | undefined {
    const values = schema.enum as unknown[] | undefined;
    if (values?.includes(null)) throw new SchemaCrash("unsupported enum type: userdata");
    return values && ((v) => (values.some((e) => deepEqual(e, v)) ? undefined : "matches none of the enum values"));
}
