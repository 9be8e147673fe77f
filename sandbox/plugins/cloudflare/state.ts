/** States of resources: what is planned, how it differs, and how it becomes JSON of the API and back. */
import { isDeepStrictEqual } from "node:util";
import { type Difference, holdsUnknown, isObject, kindOf, none, UNKNOWN, type Value, type Values } from "../protocol";
import { wireName, type Field, type Fields, type Json, type ResourceType, type Type } from "./fields";

/** Inputs that the emulator does not have, and required inputs that are missing. */
export function problemsOf(fields: Fields, given: Values, at = ""): string[] {
    const unknown = Object.keys(given).filter((name) => !fields[name] || fields[name].kind === "computed");
    const missing = Object.keys(fields).filter((name) => fields[name].kind === "required" && none(given[name]));
    const inside = Object.entries(given).flatMap(([name, value]) => {
        const type = fields[name]?.type;
        if (type === undefined || type === "value") return [];
        const inner = "object" in type ? type : "list" in type ? type.list : type.set;
        const parts = [value].flat().filter(isObject);
        return inner === "value" || !("object" in inner)
            ? []
            : parts.flatMap((part) => problemsOf(inner.object, part, `${at}${name}.`));
    });
    return [
        ...unknown.map(
            (name) =>
                `The sandbox's cloudflare provider has no input "${at}${name}", but the released provider may have it`,
        ),
        ...missing.map((name) => `Missing required property '${at}${name}'`),
        ...inside,
    ];
}

/**
 * The planned state: the inputs with defaults. A field that the program does not set keeps the value in the state, or is unknown
 * if its value comes only with the API's response.
 */
export function plan({ fields, adjust }: ResourceType, inputs: Values, state?: Values): Values {
    const planned: Values = {};
    for (const [name, field] of Object.entries(fields)) {
        if (!none(inputs[name])) planned[name] = inputs[name];
        else if (field.default !== undefined) planned[name] = field.default;
        else if (field.kind === "computed" || field.kind === "both")
            planned[name] = state && (field.keeps || field.kind === "both") ? state[name] : UNKNOWN;
    }
    return state && adjust ? adjust(planned, state) : planned;
}

/** Whether a planned value equals the value in the state. Parts that only the API sets are not compared. */
function sameValue(type: Type, before: Value | undefined, after: Value | undefined): boolean {
    if (none(before) || none(after)) return none(before) && none(after);
    if (after === UNKNOWN || type === "value") return isDeepStrictEqual(before, after);
    if ("object" in type)
        return (
            isObject(before) &&
            isObject(after) &&
            Object.entries(type.object).every(([name, field]) => sameValue(field.type, before[name], after[name]))
        );
    if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return false;
    if ("list" in type) return after.every((element, index) => sameValue(type.list, before[index], element));
    const left = [...before];
    return after.every((element) => {
        const found = left.findIndex((other) => sameValue(type.set, other, element));
        if (found >= 0) left.splice(found, 1);
        return found >= 0;
    });
}

/** Whether a field needs no change. A value that only the API sets, or that the program does not set, never differs. */
const sameField = (field: Field, before: Value | undefined, after: Value | undefined): boolean =>
    field.kind === "computed" || (field.kind === "both" && none(after)) || sameValue(field.type, before, after);

/**
 * The differences between the state and the inputs of a resource. If there is one, the result also lists the fields whose new
 * values only the API's response will contain.
 */
export function difference(type: ResourceType, state: Values, inputs: Values): Difference[] {
    const planned = plan(type, inputs, state);
    const fields = Object.entries(type.fields);
    const changed = fields.filter(([name, field]) => !sameField(field, state[name], planned[name]));
    if (changed.length === 0) return [];
    return fields
        .filter((field) => changed.includes(field) || planned[field[0]] === UNKNOWN)
        .map(([property, field]) => {
            const [before, after] = [state[property], planned[property]];
            const parts = partsOf(field.type, before, after, property);
            return { property, kind: kindOf(before, after), replace: field.replace === true, parts };
        });
}

type Part = Pick<Difference, "property" | "kind">;

/** The innermost parts of a property that differ, by path. Elements of lists and sets have their index in the path. */
function partsOf(type: Type, before: Value | undefined, after: Value | undefined, property: string): Part[] {
    if (sameValue(type, before, after)) return [];
    if (none(before) || none(after) || after === UNKNOWN || type === "value")
        return [{ property, kind: kindOf(before, after) }];
    if ("object" in type)
        return Object.entries(type.object).flatMap(([name, field]) =>
            partsOf(field.type, (before as Values)[name], (after as Values)[name], `${property}.${name}`),
        );
    const [old, now] = [before as Value[], after as Value[]];
    const inner = "list" in type ? type.list : type.set;
    const places = Array.from({ length: Math.max(old.length, now.length) }, (_, place) => place);
    return places.flatMap((place) => partsOf(inner, old[place], now[place], `${property}[${place}]`));
}

/** The planned state, as a preview shows it. */
export function preview(type: ResourceType, inputs: Values, state?: Values): Values {
    const planned = plan(type, inputs, state);
    const id = type.idIs === undefined ? undefined : planned[type.idIs];
    const shown: Values = { ...planned, id: state?.id ?? id ?? UNKNOWN };
    return Object.fromEntries(
        Object.entries(shown).map(([name, value]) => {
            const whole = type.fields[name]?.type === "value";
            return [name, whole && holdsUnknown(value) ? UNKNOWN : value];
        }),
    );
}

/** A value as it is sent to the API. */
function encode(type: Type, value: Value): Value {
    if (type === "value") return value;
    if ("object" in type) return bodyOf(type.object, value as Values);
    const item = "list" in type ? type.list : type.set;
    return (value as Value[]).map((element) => encode(item, element));
}

/**
 * Body of a write: all planned values that are known, and null for each value that is in the state but no longer planned.
 */
export function bodyOf(fields: Fields, planned: Values, state: Values = {}): { [name: string]: Value } {
    const body: { [name: string]: Value } = {};
    for (const [name, field] of Object.entries(fields)) {
        const value = planned[name];
        if (field.path || field.kind === "computed" || value === UNKNOWN) continue;
        if (!none(value)) body[wireName(name, field)] = encode(field.type, value);
        else if (!none(state[name]) && field.kind !== "both") body[wireName(name, field)] = null;
    }
    return body;
}

/** Body of a PATCH: the fields that have changed. */
export function patchOf(fields: Fields, planned: Values, state: Values): { [name: string]: Value } {
    const changed = Object.entries(fields).filter(([name, field]) => !sameField(field, state[name], planned[name]));
    return bodyOf(Object.fromEntries(changed), planned, state);
}

/** Converts a value of the API's JSON to the value that Pulumi programs get. Returns undefined for null and missing values. */
function decode(type: Type, json: unknown): Value | undefined {
    if (json === undefined || json === null) return undefined;
    if (type === "value") return json as Value;
    if ("object" in type) return decodeFields(type.object, json as Json);
    const item = "list" in type ? type.list : type.set;
    return (json as unknown[]).map((element) => decode(item, element) ?? null);
}

export function decodeFields(fields: Fields, json: Json): { [name: string]: Value } {
    const found = Object.entries(fields).map(([name, field]) => [
        name,
        decode(field.type, json[wireName(name, field)]),
    ]);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as { [name: string]: Value };
}

const empty = (value: Value | undefined) =>
    value === false || value === "" || (Array.isArray(value) && value.length === 0);

/** State after a read. An empty value counts as no value if the state has none either. */
export function afterRead(fields: Fields, json: Json, where: Values, state?: Values): Values {
    const found: Values = decodeFields(fields, json);
    for (const [name, field] of Object.entries(fields)) {
        if (field.path) found[name] = where[name];
        if (field.keptByRead && state) found[name] = state[name];
        if (field.kind === "optional" && state && none(state[name]) && empty(found[name])) found[name] = undefined;
    }
    return found;
}

/**
 * The state after a create or an update. Planned values stay as planned, even if the API answers with different values. All
 * other fields get the value in the response. Only a secret that is missing there keeps the value in the state.
 */
export function afterWrite(fields: Fields, planned: Values, json: Json, state: Values = {}): Values {
    const answer = decodeFields(fields, json);
    const result: Values = {};
    for (const [name, field] of Object.entries(fields)) {
        const isTheirs =
            field.kind === "computed" || (field.kind === "both" && (none(planned[name]) || planned[name] === UNKNOWN));
        result[name] = isTheirs ? (answer[name] ?? (field.secret ? state[name] : undefined)) : planned[name];
    }
    return result;
}
