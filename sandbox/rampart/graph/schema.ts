/**
 * Validates a graph's spec with the rules in schema-rules.ts and returns the real validator's messages.
 * Emulated: petuum/rampart 47a837c with Python's jsonschema 4.16.0 (draft 2020-12, errors in the order of the schema's
 * keywords). The rules are a reimplementation of its schema; quotes omit titles and descriptions.
 */
import { isMap, pformat, repr, sortedEntries } from "../python.js";
import { DEFS, type Rule, SPEC } from "./schema-rules.js";
import type { Json } from "../types.js";

type Path = (string | number)[];

interface Problem {
    message: string;
    keyword: string;
    rule: Rule;
    value: Json;
    /** Path in the rules, keyword last, and path in the value; both relative to the enclosing alternative. */
    rulePath: Path;
    valuePath: Path;
    alternatives: Problem[];
}

/**
 * The errors of a spec as one text of several lines, or "". Each error is a block that ends with a line of hyphens. The reasons
 * of a failed alternative follow, indented by a tab.
 */
export function schemaProblems(spec: Json): string {
    return render(check(spec, SPEC), 0);
}

function check(value: Json, rule: Rule): Problem[] {
    if (rule.$ref !== undefined) return check(value, DEFS[rule.$ref.slice("#/$defs/".length)] as Rule);
    return Object.keys(rule).flatMap((keyword) =>
        breaches(keyword, value, rule).map((found) => ({
            ...found,
            keyword: found.keyword ?? keyword,
            rule: found.rule ?? rule,
            value: found.value === undefined ? value : found.value,
            rulePath: [keyword, ...(found.rulePath ?? [])],
            valuePath: found.valuePath ?? [],
            alternatives: found.alternatives ?? [],
        })),
    );
}

type Found = Partial<Problem> & { message: string };

function below(found: Problem[], rulePath: Path, valuePath: Path): Found[] {
    return found.map((p) => ({
        ...p,
        rulePath: [...rulePath, ...p.rulePath],
        valuePath: [...valuePath, ...p.valuePath],
    }));
}

function breaches(keyword: string, value: Json, rule: Rule): Found[] {
    switch (keyword) {
        case "type":
            return hasType(value, rule.type) ? [] : [{ message: `${repr(value)} is not of type '${rule.type}'` }];
        case "properties":
            if (!isMap(value)) return [];
            return Object.entries(rule.properties ?? {}).flatMap(([key, sub]) =>
                Object.hasOwn(value, key) ? below(check(value[key] as Json, sub), [key], [key]) : [],
            );
        case "patternProperties":
            if (!isMap(value)) return [];
            return Object.entries(rule.patternProperties ?? {}).flatMap(([pattern, sub]) =>
                sortedEntries(value)
                    .filter(([key]) => search(pattern, key))
                    .flatMap(([key, item]) => below(check(item, sub), [pattern], [key])),
            );
        case "additionalProperties":
            return isMap(value) ? unexpectedKeys(value, rule) : [];
        case "required":
            if (!isMap(value)) return [];
            return (rule.required ?? [])
                .filter((key) => !Object.hasOwn(value, key))
                .map((key) => ({ message: `${repr(key)} is a required property` }));
        case "items":
            if (!Array.isArray(value)) return [];
            return value.flatMap((item, i) => below(check(item, rule.items as Rule), [], [i]));
        case "pattern":
            if (typeof value !== "string" || search(rule.pattern as string, value)) return [];
            return [{ message: `${repr(value)} does not match ${repr(rule.pattern as string)}` }];
        case "const":
            return value === rule.const ? [] : [{ message: `${repr(rule.const as string)} was expected` }];
        case "enum":
            if (rule.enum?.includes(value as string)) return [];
            return [{ message: `${repr(value)} is not one of ${repr(rule.enum as string[])}` }];
        case "anyOf":
        case "oneOf":
            return alternatives(value, rule[keyword] as Rule[], keyword === "oneOf");
        default:
            throw new Error(`schema keyword ${keyword}: unsupported by the sandbox. Add it to breaches().`);
    }
}

function alternatives(value: Json, rules: Rule[], onlyOne: boolean): Found[] {
    const results = rules.map((rule) => check(value, rule));
    const fitting = rules.filter((_, i) => results[i]?.length === 0);
    if (fitting.length === 0) {
        const reasons = results.flatMap((found, i) => below(found, [i], []) as Problem[]);
        return [{ message: `${repr(value)} is not valid under any of the given schemas`, alternatives: reasons }];
    }
    if (!onlyOne || fitting.length === 1) return [];
    // The library lists the first matching alternative last.
    const listed = [...fitting.slice(1), fitting[0]].map((rule) => repr(rule as unknown as Json));
    return [{ message: `${repr(value)} is valid under each of ${listed.join(", ")}` }];
}

function unexpectedKeys(value: Record<string, Json>, rule: Rule): Found[] {
    const patterns = Object.keys(rule.patternProperties ?? {});
    const extras = sortedEntries(value)
        .map(([key]) => key)
        .filter((key) => !Object.hasOwn(rule.properties ?? {}, key) && !patterns.some((p) => search(p, key)));
    if (extras.length === 0) return [];
    const listed = extras.map((key) => repr(key)).join(", ");
    const one = extras.length === 1;
    if (patterns.length > 0) {
        const regexes = patterns.map((p) => repr(p)).join(", ");
        return [{ message: `${listed} ${one ? "does" : "do"} not match any of the regexes: ${regexes}` }];
    }
    return [{ message: `Additional properties are not allowed (${listed} ${one ? "was" : "were"} unexpected)` }];
}

function hasType(value: Json, type: Rule["type"]): boolean {
    if (type === "object") return isMap(value);
    if (type === "array") return Array.isArray(value);
    return typeof value === type;
}

const compiled = new Map<string, RegExp>();

/** re.search(): Python's `$` also matches before a final line break, and its `\d` matches every decimal digit. */
function search(pattern: string, value: string): boolean {
    let regex = compiled.get(pattern);
    if (regex === undefined) {
        const source = pattern.replaceAll("(?P<", "(?<").replaceAll("\\d", "\\p{Nd}").replace(/\$$/, "\\n?$");
        regex = new RegExp(source.replaceAll("[-a-z0-9]", "[\\-a-z0-9]"), "u");
        compiled.set(pattern, regex);
    }
    return regex.test(value);
}

const index = (name: string, path: Path) => name + path.map((part) => `[${repr(part)}]`).join("");
const shift = (block: string) => block.replaceAll("\n", "\n    ");

function render(problems: Problem[], depth: number): string {
    return problems
        .map((p) => {
            const lines = [
                p.message,
                `Failed validating ${repr(p.keyword)} in ${index("schema", p.rulePath.slice(0, -1))}:`,
                `    ${shift(pformat(p.rule as unknown as Json))}`,
                `On ${index("instance", p.valuePath)}:`,
                `    ${shift(pformat(p.value))}`,
                "-".repeat(75),
            ];
            const block = lines.flatMap((line) => line.split("\n")).map((line) => `${"\t".repeat(depth)}${line}\n`);
            return block.join("") + render(p.alternatives, depth + 1);
        })
        .join("");
}
