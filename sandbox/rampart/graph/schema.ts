/**
 * Validates a graph's spec with the rules in schema-rules.ts.
 * Emulated: petuum/rampart 47a837c with Python's jsonschema 4.16.0 (draft 2020-12, errors in the order of the schema's
 * keywords): whether a spec is valid, and for each error the first line and the path in the spec.
 * Unsupported: the rest of the real message, which quotes the schema and the value, and explains each alternative.
 */
import { isMap, repr, sortedEntries } from "../python.js";
import { DEFS, type Rule, SPEC } from "./schema-rules.js";
import type { Json } from "../types.js";

type Path = (string | number)[];

/** The errors of a spec in one text, with three lines for each error; "" if the spec is valid. */
export function schemaProblems(spec: Json): string {
    return problemsOf(spec, SPEC, []).join("\n");
}

function problemsOf(value: Json, rule: Rule, path: Path): string[] {
    if (rule.$ref !== undefined) return problemsOf(value, DEFS[rule.$ref.slice("#/$defs/".length)] as Rule, path);
    return Object.keys(rule).flatMap((keyword) => {
        const place = path.map((part) => `[${repr(part)}]`).join("");
        const own = breaches(keyword, value, rule, path).map(
            (message) => `${message}\nFailed validating ${repr(keyword)} in schema:\nOn instance${place}:`,
        );
        return [...own, ...problemsBelow(keyword, value, rule, path)];
    });
}

/** Errors of the values inside a map or a list. The keyword defines the rule for these values. */
function problemsBelow(keyword: string, value: Json, rule: Rule, path: Path): string[] {
    const below = (part: Json, sub: Rule, key: string | number) => problemsOf(part, sub, [...path, key]);
    if (keyword === "items" && Array.isArray(value))
        return value.flatMap((item, i) => below(item, rule.items as Rule, i));
    if (!isMap(value)) return [];
    if (keyword === "properties")
        return Object.entries(rule.properties ?? {}).flatMap(([key, sub]) =>
            Object.hasOwn(value, key) ? below(value[key] as Json, sub, key) : [],
        );
    if (keyword === "patternProperties")
        return Object.entries(rule.patternProperties ?? {}).flatMap(([pattern, sub]) =>
            sortedEntries(value)
                .filter(([key]) => search(pattern, key))
                .flatMap(([key, item]) => below(item, sub, key)),
        );
    return [];
}

/** Errors of a value for one keyword of a rule. Each error has only the first line of the real message. */
function breaches(keyword: string, value: Json, rule: Rule, path: Path): string[] {
    switch (keyword) {
        case "properties":
        case "patternProperties":
        case "items":
            return [];
        case "type":
            return hasType(value, rule.type) ? [] : [`${repr(value)} is not of type '${rule.type}'`];
        case "additionalProperties":
            return isMap(value) ? unexpectedKeys(value, rule) : [];
        case "required":
            if (!isMap(value)) return [];
            return (rule.required ?? [])
                .filter((key) => !Object.hasOwn(value, key))
                .map((key) => `${repr(key)} is a required property`);
        case "pattern":
            if (typeof value !== "string" || search(rule.pattern as string, value)) return [];
            return [`${repr(value)} does not match ${repr(rule.pattern as string)}`];
        case "const":
            return value === rule.const ? [] : [`${repr(rule.const as string)} was expected`];
        case "enum":
            if (rule.enum?.includes(value as string)) return [];
            return [`${repr(value)} is not one of ${repr(rule.enum as string[])}`];
        case "anyOf":
        case "oneOf": {
            const fitting = (rule[keyword] as Rule[]).filter((one) => problemsOf(value, one, path).length === 0);
            if (fitting.length === 0) return [`${repr(value)} is not valid under any of the given schemas`];
            if (keyword === "anyOf" || fitting.length === 1) return [];
            // Python's library puts the first matching alternative at the end of the list.
            const listed = [...fitting.slice(1), fitting[0]].map((one) => repr(one as unknown as Json));
            return [`${repr(value)} is valid under each of ${listed.join(", ")}`];
        }
        default:
            throw new Error(`schema keyword ${keyword}: unsupported by the sandbox. Add it to breaches().`);
    }
}

function unexpectedKeys(value: Record<string, Json>, rule: Rule): string[] {
    const patterns = Object.keys(rule.patternProperties ?? {});
    const extras = sortedEntries(value)
        .map(([key]) => key)
        .filter((key) => !Object.hasOwn(rule.properties ?? {}, key) && !patterns.some((p) => search(p, key)));
    if (extras.length === 0) return [];
    const listed = extras.map((key) => repr(key)).join(", ");
    const one = extras.length === 1;
    if (patterns.length > 0) {
        const regexes = patterns.map((p) => repr(p)).join(", ");
        return [`${listed} ${one ? "does" : "do"} not match any of the regexes: ${regexes}`];
    }
    return [`Additional properties are not allowed (${listed} ${one ? "was" : "were"} unexpected)`];
}

function hasType(value: Json, type: Rule["type"]): boolean {
    if (type === "object") return isMap(value);
    if (type === "array") return Array.isArray(value);
    return typeof value === type;
}

const compiled = new Map<string, RegExp>();

/**
 * Python's re.search(): unlike in JavaScript, `$` also matches before a final line break, and `\d` matches decimal digits of
 * every script.
 */
function search(pattern: string, value: string): boolean {
    let regex = compiled.get(pattern);
    if (regex === undefined) {
        const source = pattern.replaceAll("(?P<", "(?<").replaceAll("\\d", "\\p{Nd}").replace(/\$$/, "\\n?$");
        regex = new RegExp(source.replaceAll("[-a-z0-9]", "[\\-a-z0-9]"), "u");
        compiled.set(pattern, regex);
    }
    return regex.test(value);
}
