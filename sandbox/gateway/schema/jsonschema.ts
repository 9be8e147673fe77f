/**
 * JSON Schema as the validator of APISIX 3.18 (api7/jsonschema) implements it: with the same order of checks, messages,
 * defaults written into the value, and gaps (a schema in propertyNames is ignored; an invalid pattern rejects every string).
 * Recorded messages: type, required, minimum, maximum, minItems, maxProperties, pattern, additional properties, allOf, anyOf,
 * oneOf, not, dependencies. All others are from the source.
 */
import { Settled, arrayCheck, lastChecks, objectCheck, type Step } from "./containers";
import {
    SchemaCrash,
    isDict,
    numberCheck,
    stringCheck,
    typeCheck,
    valueCheck,
    type Check,
    type Compile,
    type Dict,
    type Schema,
} from "./values";

export { SchemaCrash, type Check, type Schema };

/**
 * @param byteText whether strings have one byte per character (request bodies); otherwise they are ordinary strings
 * (configurations)
 */
export function compileSchema(root: Schema, byteText = false): Check {
    const made = new Map<unknown, Check>();

    function resolve(schema: Schema): Schema {
        if (typeof schema === "boolean" || typeof schema.$ref !== "string") return schema;
        const path = schema.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
        let at: unknown = root;
        for (const part of path) at = (at as Dict | undefined)?.[part.replace(/~1/g, "/").replace(/~0/g, "~")];
        if (at === undefined) throw new SchemaCrash(`unresolved $ref ${schema.$ref}`);
        return resolve(at as Schema);
    }

    function compile(unresolved: Schema): Check {
        const schema = resolve(unresolved);
        const known = made.get(schema);
        if (known) return known;
        let check: Check = () => undefined;
        const lazy: Check = (value) => check(value); // a schema may contain itself by $ref
        if (typeof schema !== "boolean") made.set(schema, lazy);
        check = build(schema);
        return lazy;
    }

    function build(schema: Schema): Check {
        if (schema === true) return () => undefined;
        if (schema === false) return () => "expect false always";
        const steps = [
            typeCheck(schema),
            objectCheck(schema, compile),
            arrayCheck(schema, compile),
            stringCheck(schema, byteText),
            numberCheck(schema),
            valueCheck(schema),
            combined(schema, compile),
            ...lastChecks(schema, compile),
        ].filter((step): step is Step => step !== undefined);
        return (value) => {
            for (const step of steps) {
                const result = step(value);
                if (result instanceof Settled) return result.error;
                if (result !== undefined) return result;
            }
            return undefined;
        };
    }

    return compile(root);
}

function combined(schema: Dict, compile: Compile): Check | undefined {
    const list = (word: string) => ((schema[word] ?? []) as Schema[]).map(compile);
    const [all, any, one] = [list("allOf"), list("anyOf"), list("oneOf")];
    const none = schema.not === undefined ? undefined : compile(schema.not as Schema);
    const when = schema.if === undefined ? undefined : compile(schema.if as Schema);
    const then = schema.then === undefined ? undefined : compile(schema.then as Schema);
    const otherwise = schema.else === undefined ? undefined : compile(schema.else as Schema);
    // the message of anyOf names only schemas of the form {required: […]}
    const needs = ((schema.anyOf ?? []) as Schema[]).flatMap((s) =>
        isDict(s) && s.required ? [JSON.stringify(s.required)] : [],
    );
    return (value) => {
        for (const [i, check] of all.entries()) {
            const error = check(value);
            if (error !== undefined) return `allOf ${i + 1} failed: ${error}`;
        }
        if (any.length > 0 && !any.some((check) => check(value) === undefined))
            return `object matches none of the required${needs.length > 0 ? `: ${needs.join(" or ")}` : ""}`;
        let matched = 0;
        for (const [i, check] of one.entries()) {
            if (check(value) !== undefined) continue;
            if (matched > 0)
                return `value should match only one schema, but matches both schemas ${matched} and ${i + 1}`;
            matched = i + 1;
        }
        if (one.length > 0 && matched === 0) return "value should match only one schema, but matches none";
        if (when) {
            if (when(value) === undefined) {
                if (then && then(value) !== undefined) return "then clause did not match";
            } else if (otherwise && otherwise(value) !== undefined) return "else clause did not match";
        }
        if (none && none(value) === undefined) return "value wasn't supposed to match schema";
        return undefined;
    };
}
