/** JSON Schema keywords for objects and arrays. */
import { isIPv4, isIPv6 } from "node:net";
import {
    SchemaCrash,
    deepEqual,
    has,
    isDict,
    isTable,
    type Check,
    type Compile,
    type Dict,
    type Schema,
} from "./values";
import { luaQuote } from "../lua/printed";
import { compilePcre } from "../lua/pcre";

const OBJECT_WORDS = [
    ...["properties", "additionalProperties", "patternProperties", "minProperties", "maxProperties"],
    ...["dependencies", "required"],
];

export function objectCheck(schema: Dict, compile: Compile): Check | undefined {
    if (!OBJECT_WORDS.some((word) => schema[word] !== undefined)) return undefined;
    const rules = new ObjectRules(schema, compile);
    return (value) => {
        const error = isTable(value) && !isList(value) ? rules.problem(value as Dict) : undefined;
        // The real library takes an empty `required` to mean that the table must be empty.
        const empty = Array.isArray(schema.required) && schema.required.length === 0;
        return error ?? (empty && !isEmptyTable(value) ? "the input data should be an empty table" : undefined);
    };
}

/** The keywords for objects. They are checked in the real library's order. */
class ObjectRules {
    private readonly properties: { name: string; check: Check; fallback: unknown }[];
    private readonly names: Set<string>;
    private readonly required: string[];
    private readonly dependencies: { name: string; needs: string[] | Check }[];
    private readonly patterns: { pattern: string; regex: RegExp | undefined; check: Check }[];
    private readonly extra: Check | undefined;

    constructor(
        private readonly schema: Dict,
        compile: Compile,
    ) {
        this.properties = entries<Schema>(schema.properties).map(([name, sub]) => ({
            name,
            check: compile(sub),
            fallback: isDict(sub) ? sub.default : undefined,
        }));
        this.names = new Set(this.properties.map(({ name }) => name));
        this.required = (schema.required ?? []) as string[];
        this.dependencies = entries<Schema | string[]>(schema.dependencies).map(([name, needs]) => ({
            name,
            needs: Array.isArray(needs) ? needs : compile(needs),
        }));
        this.patterns = entries<Schema>(schema.patternProperties).map(([pattern, sub]) => ({
            pattern,
            regex: compilePcre(pattern),
            check: compile(sub),
        }));
        const { additionalProperties } = schema;
        this.extra = isDict(additionalProperties) ? compile(additionalProperties as Schema) : undefined;
    }

    /** Returns the first error, and fills in defaults of missing properties. */
    problem(value: Dict): string | undefined {
        return (
            this.ofProperties(value) ??
            this.ofRequired(value) ??
            this.ofDependencies(value, (name) => !this.names.has(name)) ??
            this.ofOthers(value) ??
            this.ofCount(Object.keys(value).length)
        );
    }

    private ofProperties(value: Dict): string | undefined {
        for (const { name, check, fallback } of this.properties) {
            if (has(value, name)) {
                const error = check(value[name]);
                if (error !== undefined) return `property "${name}" validation failed: ${error}`;
                const unmet = this.ofDependencies(value, (n) => n === name);
                if (unmet !== undefined) return unmet;
            } else if (this.required.includes(name)) return `property "${name}" is required`;
            else if (fallback !== undefined && fallback !== null && !Array.isArray(value))
                value[name] = structuredClone(fallback);
        }
        return undefined;
    }

    private ofRequired(value: Dict): string | undefined {
        const missing = this.required.find((name) => !has(value, name));
        return missing === undefined ? undefined : `property "${missing}" is required`;
    }

    private ofDependencies(value: Dict, only: (name: string) => boolean): string | undefined {
        for (const { name, needs } of this.dependencies) {
            if (!only(name) || !has(value, name)) continue;
            if (Array.isArray(needs)) {
                const missing = needs.find((n) => !has(value, n));
                if (missing !== undefined) return `property "${missing}" is required when "${name}" is set`;
            } else {
                const error = needs(value);
                if (error !== undefined) return `failed to validate dependent schema for "${name}": ${error}`;
            }
        }
        return undefined;
    }

    /** Checks properties that `properties` does not name: by `patternProperties`, then by `additionalProperties`. */
    private ofOthers(value: Dict): string | undefined {
        const { additionalProperties } = this.schema;
        for (const name of Object.keys(value)) {
            let matched = this.names.has(name);
            for (const { pattern, regex, check } of this.patterns) {
                if (!regex?.test(name)) continue;
                const error = check(value[name]);
                if (error !== undefined) return `failed to validate ${name} (matching ${luaQuote(pattern)}): ${error}`;
                matched = true;
            }
            if (matched || additionalProperties === undefined || additionalProperties === true) continue;
            if (!this.extra) return `additional properties forbidden, found ${name}`;
            const error = this.extra(value[name]);
            if (error !== undefined) return `failed to validate additional property ${name}: ${error}`;
        }
        return undefined;
    }

    private ofCount(count: number): string | undefined {
        const { minProperties, maxProperties } = this.schema;
        if (count < ((minProperties as number) ?? 0))
            return `expect object to have at least ${minProperties} properties`;
        if (count > ((maxProperties as number) ?? Infinity))
            return `expect object to have at most ${maxProperties} properties`;
        return undefined;
    }
}

const entries = <T>(keyword: unknown): [string, T][] => Object.entries((keyword ?? {}) as Record<string, T>);

const isList = (value: unknown) => Array.isArray(value) && value.length > 0;
const isEmptyTable = (value: unknown) => isTable(value) && Object.keys(value).length === 0;

/**
 * The result is final: later keywords are not checked. As in the real library, `items`, `propertyNames` and `contains` give
 * a final result if their schema is true or false.
 */
export class Settled {
    constructor(readonly error?: string) {}
}

/**
 * Returns the check for a keyword whose schema is true or false. Undefined for any other schema. @param holds whether a
 * value passes the schema `false`
 */
function settled(schema: unknown, holds: (value: unknown) => boolean, error: string) {
    if (schema === true) return () => new Settled();
    return schema === false ? (value: unknown) => new Settled(holds(value) ? undefined : error) : undefined;
}

/** Returns an error, a final result, or undefined to continue with the next keyword. */
export type Step = (value: unknown) => string | Settled | undefined;

export function arrayCheck(schema: Dict, compile: Compile): Step | undefined {
    const { items, minItems, maxItems, uniqueItems, additionalItems } = schema;
    const whole = settled(items, isEmptyTable, "expect false always");
    if (whole) return whole;
    if (items === undefined && minItems === undefined && maxItems === undefined && !uniqueItems) return undefined;
    const each = items !== undefined && !Array.isArray(items) ? compile(items as Schema) : undefined;
    const tuple = Array.isArray(items) ? (items as Schema[]).map(compile) : undefined;
    const rest = isDict(additionalItems) ? compile(additionalItems) : undefined;
    return (value) => {
        if (!Array.isArray(value)) return undefined;
        if (value.length < ((minItems as number) ?? 0)) return `expect array to have at least ${minItems} items`;
        if (value.length > ((maxItems as number) ?? Infinity)) return `expect array to have at most ${maxItems} items`;
        for (let i = 0; i < value.length; i++) {
            const check = tuple ? (tuple[i] ?? rest) : each;
            if (tuple && i >= tuple.length && additionalItems === false) return "found unexpected extra items in array";
            const error = check?.(value[i]);
            const kind = tuple && i >= tuple.length ? "additional item" : "item";
            if (error !== undefined) return `failed to validate ${kind} ${i + 1}: ${error}`;
        }
        return uniqueItems ? equalItems(value) : undefined;
    };
}

/**
 * Returns an error if two items are equal. Plain values are compared before tables, so that the error names the same pair as
 * in the real library.
 */
function equalItems(items: unknown[]): string | undefined {
    const message = (i: number, j: number) => `expected unique items but items ${i + 1} and ${j + 1} are equal`;
    const first = new Map<unknown, number>();
    for (const [j, item] of items.entries()) {
        if (isTable(item)) continue;
        if (Number.isNaN(item)) throw new SchemaCrash("table index is NaN");
        const i = first.get(item);
        if (i !== undefined) return message(i, j);
        first.set(item, j);
    }
    const tables = [...items.entries()].filter(([, item]) => isTable(item));
    for (const [at, [i, item]] of tables.entries())
        for (const [j, other] of tables.slice(at + 1)) if (deepEqual(item, other)) return message(i, j);
    return undefined;
}

const EMAIL = /^[A-Za-z0-9_\-.]+@[A-Za-z0-9_\-.]+\.[A-Za-z]{2,4}\n?$/;
/**
 * For each format, its test and its name in messages. As in the real library, the name of the format for host names is
 * "ipv4".
 */
const FORMATS: Record<string, [fits: (text: string) => boolean, called: string]> = {
    email: [(text) => EMAIL.test(text), "email"],
    ipv4: [isIPv4, "ipv4"],
    ipv6: [(text) => isIPv6(text) && !text.includes("%"), "ipv6"],
    hostname: [(text) => /^[a-zA-Z0-9\-.]+\n?$/.test(text), "ipv4"],
};

/** Checks of the keywords that come last: propertyNames (only true or false), format, const, contains. */
export function lastChecks(schema: Dict, compile: Compile): Step[] {
    const { propertyNames, contains } = schema;
    const [fits, called] = FORMATS[String(schema.format)] ?? [];
    const inner = isDict(contains) ? compile(contains) : undefined;
    const some = (value: unknown): string | undefined => {
        if (!isTable(value)) throw new SchemaCrash("bad argument #1 to 'ipairs'");
        if (isEmptyTable(value)) return "check contains: empty array is invalid";
        if (!Array.isArray(value) || value.some((v) => inner?.(v) === undefined)) return undefined;
        return "failed to check contains";
    };
    const steps: (Step | undefined)[] = [
        settled(propertyNames, isEmptyTable, "expect false always"),
        fits &&
            ((v) => (typeof v !== "string" || fits(v) ? undefined : `expect valid ${called} address but got: ${v}`)),
        schema.const === undefined
            ? undefined
            : (v) => (deepEqual(schema.const, v) ? undefined : "failed to check const value"),
        contains === true
            ? (v) => new Settled(isList(v) ? undefined : "check contains: expect array table")
            : settled(contains, (v) => !isTable(v), "check contains: expect table"),
        inner && some,
    ];
    return steps.filter((step) => step !== undefined);
}
