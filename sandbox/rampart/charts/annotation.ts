/**
 * The annotation of a chart: inputs, outputs, and infrastructure that it provides or requires.
 * Emulated: petuum/rampart 47a837c, component_spec.py, with yamale 4.0.2 on Rampart's own rules. Known differences: text that
 * is not YAML is always rejected, with other messages than the real ones; some of it, such as an unterminated list, crashes the
 * real controller. Several documents are rejected too.
 */
import { parse } from "yaml";
import { Crash, GraphErrors } from "../errors.js";
import { isMap, repr } from "../python.js";
import type { Json } from "../types.js";

export interface PortSpec {
    name: string;
    type: "volume" | "pulsar";
    mountPath?: string;
}

export interface ComponentSpec {
    inputs: PortSpec[];
    outputs: PortSpec[];
    provides: string[];
    requires: string[];
}

/** The real program's message has the path of its rules; the directory is invented. */
const RULES_PATH = "/rampart/src/graph/component_annotations_schema.yaml";
// Python's `$` also matches before a final line break.
const NAME = /^[a-zA-Z0-9_-]*\*?\n?$/;
const MOUNT_PATH = /^(?:\/[^/\n\0]+)*\n?$/;

const invalid = (text: string) => new GraphErrors("validation", [text]);

/** @param name name of the component in messages @param refuse creates the error for an invalid annotation */
export function readSpec(annotation: string, name: string, refuse: (why: string) => Error): ComponentSpec {
    const data = asYaml(annotation, refuse) as Json;
    const problems = specProblems(data);
    if (problems.length > 0)
        throw refuse([`Error validating data with schema '${RULES_PATH}'`, ...problems].join("\n\t"));
    const spec = data as unknown as Partial<ComponentSpec>;
    const inputs = ports("Input", spec.inputs ?? [], name, refuse);
    const outputs = ports("Output", spec.outputs ?? [], name, refuse);
    const [provides, requires] = [names(spec.provides), names(spec.requires)];
    for (const port of [...inputs, ...outputs]) checkDefault(port);
    return { inputs, outputs, provides, requires };
}

export function asYaml(text: string, refuse: (why: string) => Error): unknown {
    try {
        return parse(text, { version: "1.1" });
    } catch (error) {
        throw refuse((error as Error).message);
    }
}

/** Null is valid by the rules, and then crashes the loop over it. */
function names(list: string[] | null | undefined): string[] {
    if (list === null) throw new Crash("TypeError: 'NoneType' object is not iterable");
    return [...new Set(list)];
}

function ports(part: string, list: PortSpec[], component: string, refuse: (why: string) => Error): PortSpec[] {
    const seen = new Set<string>();
    for (const { name } of list) {
        if (seen.has(name))
            throw invalid(`${part} ${name} cannot occur multiple times in the definition of component ${component}`);
        if (name === "") throw refuse("string index out of range");
        seen.add(name);
    }
    return list;
}

function checkDefault({ name, type, mountPath }: PortSpec): void {
    if (type !== "volume" || !name.endsWith("*") || !mountPath || mountPath.endsWith("*")) return;
    throw invalid(`Default mount_path defined for ${name} must end with '*', but is ${mountPath}`);
}

const str = (value: Json) => (typeof value === "string" ? value : repr(value));
const matches = (pattern: RegExp) => (value: Json, at: string) =>
    typeof value === "string" && pattern.test(value) ? [] : [`${at}: '${str(value)}' is not a regex match.`];
const isOnly = (word: string) => (value: Json, at: string) =>
    value === word ? [] : [`${at}: '${str(value)}' not in ('${word}',)`];

type Rule = (value: Json, at: string) => string[];
interface FieldRule {
    rule: Rule;
    /** Optional, or null. */
    optional?: true;
}

/** A map with exactly these fields. */
const map =
    (fields: Record<string, FieldRule>): Rule =>
    (value, at) => {
        if (!isMap(value)) return [`${at} : '${str(value)}' is not a map`];
        const below = (key: string) => (at === "" ? key : `${at}.${key}`);
        const strange = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
        return [
            ...strange.map((key) => `${below(key)}: Unexpected element`),
            ...Object.entries(fields).flatMap(([key, { rule, optional }]) => {
                if (optional && (value[key] ?? null) === null) return [];
                return Object.hasOwn(value, key)
                    ? rule(value[key] as Json, below(key))
                    : [`${below(key)}: Required field missing`];
            }),
        ];
    };

const listOf =
    (rule: Rule): Rule =>
    (value, at) =>
        Array.isArray(value)
            ? value.flatMap((item, i) => rule(item, `${at}.${i}`))
            : [`${at}: '${str(value)}' is not a list.`];

/** Errors of all alternatives for a value, in order. */
const anyOf =
    (...rules: Rule[]): Rule =>
    (value, at) => {
        const found = rules.map((rule) => rule(value, at));
        return found.some((problems) => problems.length === 0) ? [] : found.flat();
    };

const name: FieldRule = { rule: matches(NAME) };
const port = anyOf(
    map({ name, type: { rule: isOnly("volume") }, mountPath: { rule: matches(MOUNT_PATH), optional: true } }),
    map({ name, type: { rule: isOnly("pulsar") } }),
);
const infrastructure: FieldRule = { rule: listOf(name.rule), optional: true };
const RULES = map({
    inputs: { rule: listOf(port) },
    outputs: { rule: listOf(port) },
    provides: infrastructure,
    requires: infrastructure,
});

/** Errors of an annotation against Rampart's rules, one line each. */
export const specProblems = (annotation: Json): string[] => RULES(annotation, "");
