/**
 * JSON Schema of request-validation as APISIX's validator (api7/jsonschema) decides, for the keywords that this project writes;
 * any other keyword is unsupported. Strings have one byte per character.
 */
import { Unsupported } from "../unsupported";
import { compilePcre } from "./pcre";

export type Schema = { [keyword: string]: unknown };
/** Whether a value is valid. Writes defaults of missing properties into the value. */
export type Check = (value: unknown) => boolean;

type Table = Record<string, unknown>;

/** In Lua, an empty list is an empty table, and so also an object. */
const isObject = (value: unknown): value is Table =>
    typeof value === "object" && value !== null && !(Array.isArray(value) && value.length > 0);

const TYPES: Record<string, Check> = {
    object: isObject,
    array: Array.isArray,
    integer: (value) => typeof value === "number" && value % 1 === 0,
    number: (value) => typeof value === "number",
    string: (value) => typeof value === "string",
    boolean: (value) => typeof value === "boolean",
    null: (value) => value === null,
};

/** Number of characters in UTF-8, or of bytes if the text is not UTF-8. */
function lengthOf(text: string): number {
    const decoded = Buffer.from(text, "latin1").toString();
    return decoded.includes("\ufffd") ? text.length : [...decoded].length;
}

/** Checks that only concern values of one kind. */
const onText = (test: (text: string) => boolean) => (value: unknown) => typeof value !== "string" || test(value);
const onNumber = (test: (number: number) => boolean) => (value: unknown) => typeof value !== "number" || test(value);
const onList = (test: (list: unknown[]) => boolean) => (value: unknown) => !Array.isArray(value) || test(value);
const onObject = (test: (table: Table) => boolean) => (value: unknown) => !isObject(value) || test(value);

function properties(given: Record<string, Schema>): Check {
    const known = Object.entries(given).map(([name, schema]) => [name, schema.default, compileSchema(schema)] as const);
    return onObject((table) =>
        known.every(([name, standard, check]) => {
            if (Object.hasOwn(table, name)) return check(table[name]);
            if (standard !== undefined && !Array.isArray(table)) table[name] = standard;
            return true;
        }),
    );
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the keyword's value in the schema
const KEYWORDS: Record<string, (given: any) => Check> = {
    type: (name: string) => TYPES[name] ?? unsupported(`type ${name}`),
    default: () => () => true,
    properties,
    required: (names: string[]) => onObject((table) => names.every((name) => Object.hasOwn(table, name))),
    minimum: (least: number) => onNumber((value) => value >= least),
    maximum: (most: number) => onNumber((value) => value <= most),
    minLength: (least: number) => onText((text) => lengthOf(text) >= least),
    maxLength: (most: number) => onText((text) => lengthOf(text) <= most),
    pattern: (pattern: string, regex = compilePcre(pattern)) => onText((text) => regex.test(text)),
    items: (schema: Schema, check = compileSchema(schema)) => onList((list) => list.every(check)),
    minItems: (least: number) => onList(({ length }) => length >= least),
    maxItems: (most: number) => onList(({ length }) => length <= most),
    allOf:
        (schemas: Schema[], checks = schemas.map(compileSchema)) =>
        (value) =>
            checks.every((check) => check(value)),
    anyOf:
        (schemas: Schema[], checks = schemas.map(compileSchema)) =>
        (value) =>
            checks.some((check) => check(value)),
    not:
        (schema: Schema, check = compileSchema(schema)) =>
        (value) =>
            !check(value),
};

function unsupported(what: string): never {
    throw new Unsupported(`JSON Schema with ${what}`);
}

/** @throws Unsupported */
export function compileSchema(schema: Schema): Check {
    const checks = Object.entries(schema).map(([word, given]) =>
        Object.hasOwn(KEYWORDS, word) ? KEYWORDS[word](given) : unsupported(`the keyword ${word}`),
    );
    return (value) => checks.every((check) => check(value));
}
