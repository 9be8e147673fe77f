/**
 * JSON Schema as APISIX's validator (api7/jsonschema) decides, for the keywords that this project writes; any other keyword is
 * unsupported. Strings of request bodies have one byte per character.
 */
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { compilePcre } from "./pcre";

export type Schema = { [keyword: string]: unknown };
/** Whether a value is valid. Writes defaults of missing properties into the value. */
export type Check = (value: unknown) => boolean;

type Table = Record<string, unknown>;

/** In Lua, an empty list is an empty table, and so also an object. */
const isObject = (value: unknown): value is Table =>
    typeof value === "object" && value !== null && !(Array.isArray(value) && value.length > 0);
const has = (table: Table, name: string) => Object.hasOwn(table, name) && table[name] !== undefined;

const TYPES: Record<string, Check> = {
    object: isObject,
    array: Array.isArray,
    integer: (value) => typeof value === "number" && value % 1 === 0,
    number: (value) => typeof value === "number",
    string: (value) => typeof value === "string",
    boolean: (value) => typeof value === "boolean",
    null: (value) => value === null,
};

const PART = "[\x80-\xbf]";
/** Matches valid UTF-8 characters of more than one byte. Every other byte counts as one character. */
const WIDE = new RegExp(
    [
        ...[`[\xc2-\xdf]${PART}`, `\xe0[\xa0-\xbf]${PART}`, `[\xe1-\xec\xee\xef]${PART}{2}`, `\xed[\x80-\x9f]${PART}`],
        ...[`\xf0[\x90-\xbf]${PART}{2}`, `[\xf1-\xf3]${PART}{3}`, `\xf4[\x80-\x8f]${PART}{2}`],
    ].join("|"),
    "g",
);
const lengthOf = (text: string) => text.replace(WIDE, "x").length;

/** A check that only concerns values of one kind. */
const onText = (test: (text: string) => boolean) => (value: unknown) => typeof value !== "string" || test(value);
const onNumber = (test: (number: number) => boolean) => (value: unknown) => typeof value !== "number" || test(value);
const onList = (test: (list: unknown[]) => boolean) => (value: unknown) => !Array.isArray(value) || test(value);
const onObject = (test: (table: Table) => boolean) => (value: unknown) => !isObject(value) || test(value);

function properties(given: Record<string, Schema>): Check {
    const known = Object.entries(given).map(([name, schema]) => ({
        name: bytes(name),
        check: compileSchema(schema),
        standard: typeof schema.default === "string" ? bytes(schema.default) : schema.default,
    }));
    return onObject((table) =>
        known.every(({ name, check, standard }) => {
            if (has(table, name)) return check(table[name]);
            if (standard !== undefined && !Array.isArray(table)) table[name] = structuredClone(standard);
            return true;
        }),
    );
}

const all = (schemas: Schema[]) => schemas.map(compileSchema);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the keyword's value in the schema
const WORDS: Record<string, (given: any) => Check> = {
    type: (name: string) => TYPES[name] ?? unsupported(`type ${name}`),
    enum: (values: unknown[]) => (value) => values.includes(value),
    default: () => () => true,
    properties,
    required: (names: string[]) => onObject((table) => names.every((name) => has(table, bytes(name)))),
    minimum: (least: number) => onNumber((value) => value >= least),
    exclusiveMinimum: (below: number) => onNumber((value) => value > below),
    maximum: (most: number) => onNumber((value) => value <= most),
    minLength: (least: number) => onText((text) => lengthOf(text) >= least),
    maxLength: (most: number) => onText((text) => lengthOf(text) <= most),
    pattern: (pattern: string) => {
        const regex = compilePcre(bytes(pattern));
        return onText((text) => regex.test(text));
    },
    items: (schema: Schema) => {
        const check = compileSchema(schema);
        return onList((list) => list.every(check));
    },
    minItems: (least: number) => onList(({ length }) => length >= least),
    maxItems: (most: number) => onList(({ length }) => length <= most),
    allOf: (schemas: Schema[]) => {
        const checks = all(schemas);
        return (value) => checks.every((check) => check(value));
    },
    anyOf: (schemas: Schema[]) => {
        const checks = all(schemas);
        return (value) => checks.some((check) => check(value));
    },
    not: (schema: Schema) => {
        const check = compileSchema(schema);
        return (value) => !check(value);
    },
};

function unsupported(what: string): never {
    throw new Unsupported(`JSON Schema with ${what}`);
}

/** @throws Unsupported */
export function compileSchema(schema: Schema): Check {
    const checks = Object.entries(schema).map(([word, given]) =>
        Object.hasOwn(WORDS, word) ? WORDS[word](given) : unsupported(`the keyword ${word}`),
    );
    return (value) => checks.every((check) => check(value));
}

/** Fields of a configuration with their schemas. Any other field is unsupported. */
export type Fields = Record<string, Schema>;

/** A missing value, or one that APISIX or this emulator rejects. */
export class Invalid extends Error {}

const compiled = new WeakMap<Schema, Check>();

function isValid(schema: Schema, value: unknown): boolean {
    const check = compiled.get(schema) ?? compileSchema(schema);
    compiled.set(schema, check);
    return check(value);
}

/** @param where for messages @throws Unsupported for a field that is not emulated, Invalid for a wrong or missing value */
export function checkFields(where: string, conf: unknown, fields: Fields, required: string[], isOpen = false): void {
    if (typeof conf !== "object" || conf === null || Array.isArray(conf))
        throw new Invalid(`${where}: expected object`);
    for (const [name, value] of Object.entries(conf)) {
        if (!Object.hasOwn(fields, name) && !isOpen) throw new Unsupported(`field ${name} of ${where}`);
        if (Object.hasOwn(fields, name) && !isValid(fields[name], value))
            throw new Invalid(`${where}: property "${name}" validation failed (got ${JSON.stringify(value)})`);
    }
    const missing = required.find((name) => (conf as Table)[name] === undefined);
    if (missing !== undefined) throw new Invalid(`${where}: property "${missing}" is required`);
}
