import { isDeepStrictEqual } from "node:util";
import { type Difference, parseUrn, UNKNOWN } from "../protocol";
import type { ResourceType, Value, Values } from "./resource-type";
import { RESOURCE_TYPES } from "./resources";

interface Failure {
    reason: string;
}

/** Returns the rules of a resource type. Throws for an unsupported type. */
export function resourceType(urn: string): ResourceType {
    const { type } = parseUrn(urn);
    const known = RESOURCE_TYPES[type];
    if (known) return known;
    throw new Error(
        `unsupported by the sandbox: ${type}. Its random provider has ${Object.keys(RESOURCE_TYPES).join(", ")}. ` +
            "Use one of these, or install Pulumi.",
    );
}

const isKind = {
    string: (value: Value) => typeof value === "string",
    "whole number": (value: Value) => Number.isInteger(value),
    "true or false": (value: Value) => typeof value === "boolean",
    map: (value: Value) =>
        typeof value === "object" &&
        value !== null &&
        Object.values(value).every((item) => item === null || typeof item === "string"),
};

/** Validates a program's inputs. Messages name properties as the released provider does. */
export function check(urn: string, inputs: Values): Failure[] {
    const type = resourceType(urn);
    const { name } = parseUrn(urn);
    const failures: Failure[] = [];
    const fail = (property: string, problem: string) =>
        failures.push({ reason: `${problem}. Examine values at '${name}.${property}'.` });
    for (const [property, value] of Object.entries(inputs)) {
        const input = type.inputs[property];
        if (input === undefined) {
            fail(
                property,
                `The sandbox's random provider has no input "${property}" (the released one would ignore it)`,
            );
        } else if (value !== null && value !== UNKNOWN && !isKind[input.kind](value) && !holdsUnknown(value)) {
            fail(property, `The value must be a ${input.kind === "true or false" ? "boolean" : input.kind}`);
        }
    }
    for (const [property, input] of Object.entries(type.inputs)) {
        if (input.required && (inputs[property] === undefined || inputs[property] === null)) {
            failures.push({ reason: `Missing required property '${property}'` });
        }
    }
    const unknown = Object.values(inputs).some((value) => value === UNKNOWN);
    if (failures.length === 0 && !unknown) {
        for (const { property, problem } of type.problems(inputs)) fail(property, problem);
    }
    return failures;
}

function holdsUnknown(value: Value): boolean {
    return typeof value === "object" && value !== null && Object.values(value).includes(UNKNOWN);
}

/** Changes of a resource's state, and those that need a replacement. Computed properties never differ. */
export function difference(urn: string, state: Values, inputs: Values): Difference[] {
    const type = resourceType(urn);
    const planned = type.plan(inputs);
    return Object.keys(type.inputs).flatMap((property) => {
        const [before, after] = [state[property] ?? undefined, planned[property] ?? undefined];
        if (isDeepStrictEqual(before, after)) return [];
        const kind: Difference["kind"] = before === undefined ? "ADD" : after === undefined ? "DELETE" : "UPDATE";
        return [{ property, kind, replace: needsReplacement(property, before, after) }];
    });
}

/**
 * Every changed input replaces the resource, with two exceptions for old states: keepers that differ only in keys without a
 * value, and the removal of an empty `overrideSpecial`.
 */
function needsReplacement(property: string, before: Value | undefined, after: Value | undefined): boolean {
    if (property === "overrideSpecial") return !(before === "" && after === undefined);
    if (property !== "keepers" || before === UNKNOWN || after === UNKNOWN) return true;
    const [old, now] = [(before ?? {}) as Record<string, unknown>, (after ?? {}) as Record<string, unknown>];
    if (before !== undefined && Object.keys(old).some((key) => !(key in now))) return true;
    return Object.entries(now).some(
        ([key, value]) => !(value === (old[key] ?? null) && (key in old || value === null)),
    );
}

/** State of a new resource without computed properties. In a preview those are unknown. */
export function preview(urn: string, inputs: Values): Values {
    const type = resourceType(urn);
    return { ...type.plan(inputs), ...Object.fromEntries(type.computed.map((property) => [property, UNKNOWN])) };
}

export async function create(urn: string, inputs: Values): Promise<{ id: string; state: Values }> {
    const type = resourceType(urn);
    const planned = type.plan(inputs);
    const { id, computed } = await type.make(planned);
    return { id, state: { ...meta(type), ...planned, ...computed } };
}

/** State after an update: computed properties stay. */
export function update(urn: string, state: Values, inputs: Values): Values {
    const type = resourceType(urn);
    const kept = Object.fromEntries(type.computed.map((property) => [property, state[property]]));
    return { ...meta(type), ...type.plan(inputs), ...kept };
}

/** Imports an existing resource by the text given to `pulumi import`. */
export async function importResource(
    urn: string,
    text: string,
): Promise<{ id: string; state: Values; inputs: Values }> {
    const type = resourceType(urn);
    const { planned, made: making } = type.import(text);
    const made = await making;
    return { id: made.id, state: { ...meta(type), ...planned, ...made.computed }, inputs: planned };
}

function meta(type: ResourceType): Values {
    return type.schemaVersion ? { __meta: JSON.stringify({ schema_version: type.schemaVersion }) } : {};
}
