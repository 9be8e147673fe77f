/** Keywords of a schema that look into objects and arrays. */
import { deepEqual, has, isDict, isTable, type Check, type Compile, type Dict, type Schema } from "./jsonschema-values";
import { luaQuote } from "./lua";
import { compilePcre } from "./pcre";

export function objectCheck(schema: Dict, compile: Compile): Check | undefined {
    const words = ["properties", "additionalProperties", "patternProperties", "minProperties", "maxProperties"];
    if (![...words, "dependencies", "required"].some((w) => schema[w] !== undefined)) return undefined;
    const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([name, sub]) => ({
        name,
        check: compile(sub),
        fallback: isDict(sub) ? sub.default : undefined,
    }));
    const names = new Set(properties.map((p) => p.name));
    const required = (schema.required ?? []) as string[];
    const dependencies = Object.entries((schema.dependencies ?? {}) as Record<string, Schema | string[]>).map(
        ([name, needs]) => ({ name, needs: Array.isArray(needs) ? needs : compile(needs) }),
    );
    const patterns = Object.entries((schema.patternProperties ?? {}) as Record<string, Schema>).map(
        ([pattern, sub]) => ({ pattern, regex: compilePcre(pattern), check: compile(sub) }),
    );
    const extra = schema.additionalProperties as Schema | undefined;
    const extraCheck = isDict(extra) ? compile(extra) : undefined;

    const dependency = (value: Dict, only: (name: string) => boolean): string | undefined => {
        for (const { name, needs } of dependencies) {
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
    };

    return (table) => {
        if (!isTable(table) || (Array.isArray(table) && table.length > 0)) return undefined;
        const value = table as Dict;
        for (const { name, check, fallback } of properties) {
            if (has(value, name)) {
                const error = check(value[name]);
                if (error !== undefined) return `property "${name}" validation failed: ${error}`;
                const unmet = dependency(value, (n) => n === name);
                if (unmet !== undefined) return unmet;
            } else if (required.includes(name)) return `property "${name}" is required`;
            // a default of false is not written: Lua takes it for no default
            else if (fallback !== undefined && fallback !== false && fallback !== null && !Array.isArray(value))
                value[name] = structuredClone(fallback);
        }
        for (const name of required) if (!has(value, name)) return `property "${name}" is required`;
        const unmet = dependency(value, (n) => !names.has(n));
        if (unmet !== undefined) return unmet;

        for (const name of Object.keys(value)) {
            let matched = names.has(name);
            for (const { pattern, regex, check } of patterns) {
                if (!regex?.test(name)) continue;
                const error = check(value[name]);
                if (error !== undefined) return `failed to validate ${name} (matching ${luaQuote(pattern)}): ${error}`;
                matched = true;
            }
            if (matched || extra === undefined || extra === true) continue;
            if (!extraCheck) return `additional properties forbidden, found ${name}`;
            const error = extraCheck(value[name]);
            if (error !== undefined) return `failed to validate additional property ${name}: ${error}`;
        }
        const count = Object.keys(value).length;
        if (count < ((schema.minProperties as number) ?? 0))
            return `expect object to have at least ${schema.minProperties} properties`;
        if (count > ((schema.maxProperties as number) ?? Infinity))
            return `expect object to have at most ${schema.maxProperties} properties`;
        return undefined;
    };
}

export function arrayCheck(schema: Dict, compile: Compile): Check | undefined {
    const { items, minItems, maxItems, uniqueItems, additionalItems } = schema;
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
        if (uniqueItems)
            for (let j = 1; j < value.length; j++)
                for (let i = 0; i < j; i++)
                    if (deepEqual(value[i], value[j]))
                        return `expected unique items but items ${i + 1} and ${j + 1} are equal`;
        return undefined;
    };
}

export function containsCheck(schema: Dict, compile: Compile): Check | undefined {
    const format = schema.format;
    const inner = isDict(schema.contains) ? compile(schema.contains) : undefined;
    return (value) => {
        if (typeof value === "string" && format === "ipv4" && !/^(\d{1,3}\.){3}\d{1,3}$/.test(value))
            return `expect valid ipv4 address but got: ${value}`;
        if (typeof value === "string" && format === "ipv6" && !/^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(value))
            return `expect valid ipv6 address but got: ${value}`;
        if (schema.const !== undefined && !deepEqual(schema.const, value)) return "failed to check const value";
        if (!inner || !Array.isArray(value)) return undefined;
        if (value.length === 0) return "check contains: empty array is invalid";
        return value.some((v) => inner(v) === undefined) ? undefined : "failed to check contains";
    };
}
