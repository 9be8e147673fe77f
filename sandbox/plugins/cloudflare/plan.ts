import { isDeepStrictEqual } from "node:util";
import { type Difference, holdsUnknown, isObject, UNKNOWN, type Value, type Values } from "../protocol";
import type { Field, Fields, ResourceType, Type } from "./fields";

const none = (value: Value | undefined): value is null | undefined => value === undefined || value === null;

/** Fills the defaults of missing fields into a value. */
function complete(type: Type, value: Value): Value {
    if (typeof type === "string" || value === UNKNOWN) return value;
    if ("object" in type) return isObject(value) ? (completeObject(type.object, value) as Value) : value;
    if ("map" in type) {
        if (!isObject(value)) return value;
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, complete(type.map, item)]));
    }
    const item = "list" in type ? type.list : type.set;
    return Array.isArray(value) ? value.map((element) => complete(item, element)) : value;
}

function completeObject(fields: Fields, given: Values): Values {
    const planned: Values = {};
    for (const [name, field] of Object.entries(fields)) {
        const value = given[name];
        if (!none(value)) planned[name] = complete(field.type, value);
        else if (field.default !== undefined) planned[name] = field.default;
    }
    return planned;
}

/**
 * The planned state: the inputs with defaults. A field that the program does not set keeps the value in the state. It
 * is unknown if its value comes only with the API's response.
 */
export function plan(type: ResourceType, inputs: Values, state?: Values): Values {
    const planned = completeObject(type.fields, inputs);
    for (const [name, field] of Object.entries(type.fields)) {
        if (planned[name] !== undefined || !(field.kind === "computed" || field.kind === "both")) continue;
        const stays = field.keeps || (field.kind === "both" && !field.onlyIfGiven);
        planned[name] = state && stays ? state[name] : UNKNOWN;
    }
    return type.adjust?.(planned, inputs, state) ?? planned;
}

/** Whether a planned value equals the value in the state. Parts that only the API sets are not compared. */
export function sameValue(type: Type, before: Value | undefined, after: Value | undefined): boolean {
    if (none(before) || none(after)) return none(before) && none(after);
    if (after === UNKNOWN) return false;
    if (typeof type === "string") return isDeepStrictEqual(before, after);
    if ("object" in type) {
        if (!isObject(before) || !isObject(after)) return false;
        return Object.entries(type.object).every(([name, field]) => sameField(field, before[name], after[name]));
    }
    if ("map" in type) {
        if (!isObject(before) || !isObject(after)) return false;
        const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
        return [...keys].every((key) => sameValue(type.map, before[key], after[key]));
    }
    if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return false;
    if ("list" in type) return after.every((element, index) => sameValue(type.list, before[index], element));
    const left = [...before];
    return after.every((element) => {
        const found = left.findIndex((other) => sameValue(type.set, other, element));
        if (found >= 0) left.splice(found, 1);
        return found >= 0;
    });
}

export function sameField(field: Field, before: Value | undefined, after: Value | undefined): boolean {
    if (field.kind === "computed" || (field.kind === "both" && none(after))) return true;
    return field.same?.(before, after) || sameValue(field.type, before, after);
}

/**
 * The differences between the state and the inputs of a resource. Each difference tells whether it replaces the
 * resource.
 * If there is a difference, the result also lists the fields whose new values only the API's response will contain.
 */
export function difference(type: ResourceType, state: Values, inputs: Values): Difference[] {
    const crash = type.crash?.(state);
    if (crash) throw new Error(`${crash} (the released provider crashes here: nil pointer dereference)`);
    const planned = plan(type, inputs, state);
    const fields = Object.entries(type.fields);
    const changed = fields.filter(([property, field]) => {
        const silent = field.kind === "both" && none(inputs[property]) && field.default === undefined;
        return !silent && !sameField(field, state[property], planned[property]);
    });
    if (changed.length === 0) return [];
    return fields
        .filter((field) => changed.includes(field) || planned[field[0]] === UNKNOWN)
        .map(([property, field]) => {
            const [before, after] = [state[property], planned[property]];
            const parts = partsOf(field, before, after, property);
            return { property, kind: kindOf(before, after), replace: field.replace === true, parts };
        });
}

const kindOf = (before: Value | undefined, after: Value | undefined): Difference["kind"] =>
    none(before) ? "ADD" : none(after) ? "DELETE" : "UPDATE";

type Part = Pick<Difference, "property" | "kind">;

/** The innermost parts of a property that differ, by path. Elements of lists and sets have their index in the path. */
function partsOf(field: Field, before: Value | undefined, after: Value | undefined, property: string): Part[] {
    const { type } = field;
    if (none(before) || none(after) || after === UNKNOWN || typeof type === "string")
        return before === after || sameValue(type, before, after) ? [] : [{ property, kind: kindOf(before, after) }];
    if (Array.isArray(before) && Array.isArray(after) && ("list" in type || "set" in type)) {
        const element: Field = { type: "list" in type ? type.list : type.set, kind: "required" };
        const places = Array.from({ length: Math.max(before.length, after.length) }, (_, place) => place);
        return places.flatMap((place) => partsOf(element, before[place], after[place], `${property}[${place}]`));
    }
    if (!isObject(before) || !isObject(after)) return [{ property, kind: "UPDATE" }];
    const fieldOf = (name: string): Field | undefined =>
        "object" in type ? type.object[name] : "map" in type ? { type: type.map, kind: "required" } : undefined;
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
        const inner = fieldOf(name);
        if (!inner || sameField(inner, before[name], after[name])) return [];
        return partsOf(inner, before[name], after[name], `${property}.${name}`);
    });
}

/**
 * The planned state, as a preview shows it. If a part of a value of type `any` or `json` is unknown, the preview shows
 * the whole value as unknown.
 */
export function preview(type: ResourceType, inputs: Values, state?: Values): Values {
    const planned = plan(type, inputs, state);
    const id = type.idIs === undefined ? undefined : planned[type.idIs];
    const shown: Values = { ...planned, id: state?.id ?? id ?? UNKNOWN };
    return Object.fromEntries(
        Object.entries(shown).map(([name, value]) => {
            const whole = typeof type.fields[name]?.type === "string";
            return [name, whole && holdsUnknown(value) ? UNKNOWN : value];
        }),
    );
}
