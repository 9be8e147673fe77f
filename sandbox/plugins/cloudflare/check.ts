import { holdsUnknown, isObject, UNKNOWN, type Value, type Values } from "../protocol";
import type { Fields, Problem, ResourceType, Type } from "./fields";

/** Validates a resource's inputs. @returns all problems, each with its property */
export function problemsOf(type: ResourceType, inputs: Values): Problem[] {
    const found = fieldProblems(type.fields, inputs, "");
    if (found.length > 0) return found;
    return type.problems?.(inputs) ?? [];
}

function fieldProblems(fields: Fields, given: Values, at: string): Problem[] {
    const found: Problem[] = [];
    for (const [name, value] of Object.entries(given)) {
        const field = fields[name];
        const property = at + name;
        if (!field || field.kind === "computed") {
            const problem = `The sandbox's cloudflare provider has no input "${property}", but the released provider may have it`;
            found.push({ property, problem });
        } else if (value !== undefined && value !== null) found.push(...typeProblems(field.type, value, property));
    }
    for (const [name, field] of Object.entries(fields)) {
        const missing = given[name] === undefined || given[name] === null;
        if (field.kind === "required" && missing)
            found.push({ property: at + name, problem: `Missing required property '${at + name}'` });
    }
    return found;
}

function typeProblems(type: Type, value: Value, property: string): Problem[] {
    if (value === UNKNOWN || type === "any") return [];
    const wrong = (what: string) => [{ property, problem: `${property} must be ${what}` }];
    if (typeof type === "string") {
        const right = typeof value === (type === "json" ? "string" : type);
        return right ? [] : wrong(`a ${type}`);
    }
    if ("object" in type)
        return isObject(value) ? fieldProblems(type.object, value, `${property}.`) : wrong("an object");
    if ("map" in type) {
        if (!isObject(value)) return wrong("an object");
        return Object.entries(value).flatMap(([key, item]) => typeProblems(type.map, item, `${property}.${key}`));
    }
    const item = "list" in type ? type.list : type.set;
    if (!Array.isArray(value)) return wrong("a list");
    return value.flatMap((element, index) => typeProblems(item, element, `${property}[${index}]`));
}

/** Problem if a string is not an allowed value, with the released provider's message. @param wire the property's API name */
export function oneOf(inputs: Values, property: string, wire: string, allowed: string[]): Problem[] {
    const value = inputs[property];
    if (typeof value !== "string" || value === UNKNOWN || allowed.includes(value)) return [];
    const list = allowed.map((text) => `"${text}"`).join(" ");
    const problem = `Invalid Attribute Value Match. Attribute ${wire} value must be one of: [${list}], got: "${value}"`;
    return [{ property, problem }];
}

/** Problem if none of the properties, or more than one, is set. */
export function exactlyOne(inputs: Values, ...properties: string[]): Problem[] {
    const given = properties.filter((name) => inputs[name] !== undefined && inputs[name] !== null);
    if (given.length === 1) return [];
    return [{ property: properties[0], problem: `Exactly one of ${properties.join(", ")} must be given` }];
}

/**
 * Returns a problem if only one of two properties is set.
 * @param one name of the property, and its name in the API
 * @param other the same for the other property
 */
export function together(inputs: Values, one: [string, string], other: [string, string]): Problem[] {
    const missing = (name: string) => inputs[name] === undefined || inputs[name] === null;
    const needs = ([property, wire]: [string, string], [lacking, lackingWire]: [string, string]): Problem[] => {
        if (missing(property) || !missing(lacking)) return [];
        const problem = `Invalid Attribute Combination. Attribute "${lackingWire}" must be specified when "${wire}" is specified`;
        return [{ property, problem }];
    };
    return [...needs(one, other), ...needs(other, one)];
}

export const known = (value: Value | undefined) => value !== undefined && value !== null && !holdsUnknown(value);
