/**
 * Parses the annotation of a chart. It declares inputs, outputs, and the infrastructure that the chart provides or
 * requires.
 * Emulated: petuum/rampart 47a837c, component_spec.py, which accepts and rejects annotations with yamale 4.0.2.
 * Known differences: only the first line of a rejection is the same. A text that is not YAML is always rejected, but
 * some such texts (for example an unterminated list) crash the real controller. Several YAML documents are rejected
 * too.
 */
import { parse } from "yaml";
import * as z from "zod";
import { Crash, GraphErrors } from "../errors.js";

export interface PortSpec {
    name: string;
    type: "volume" | "pulsar";
    mountPath?: string | null;
}

export interface ComponentSpec {
    inputs: PortSpec[];
    outputs: PortSpec[];
    provides: string[];
    requires: string[];
}

/** Path of the schema in the real program's message. The directory is invented. */
const RULES_PATH = "/rampart/src/graph/component_annotations_schema.yaml";
// Python's `$` also matches before a final line break.
const NAME = z.string().regex(/^[a-zA-Z0-9_-]*\*?\n?$/);
const MOUNT_PATH = z.string().regex(/^(?:\/[^/\n\0]+)*\n?$/);
const PORT = z.union([
    z.strictObject({ name: NAME, type: z.literal("volume"), mountPath: MOUNT_PATH.nullish() }),
    z.strictObject({ name: NAME, type: z.literal("pulsar") }),
]);
const RULES = z.strictObject({
    inputs: z.array(PORT),
    outputs: z.array(PORT),
    provides: z.array(NAME).nullish(),
    requires: z.array(NAME).nullish(),
});

const invalid = (text: string) => new GraphErrors("validation", [text]);

/**
 * Parses and validates an annotation.
 * @param name name of the component, for messages
 * @param refuse creates the error for an invalid annotation
 */
export function readSpec(annotation: string, name: string, refuse: (why: string) => Error): ComponentSpec {
    const { data: spec, error } = RULES.safeParse(asYaml(annotation, refuse));
    if (error !== undefined)
        throw refuse(`Error validating data with schema '${RULES_PATH}'\n${z.prettifyError(error)}`);
    const inputs = ports("Input", spec.inputs, name, refuse);
    const outputs = ports("Output", spec.outputs, name, refuse);
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

/**
 * The names of a list without duplicates. Throws for null, which the schema allows, but which crashes the real program.
 */
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
