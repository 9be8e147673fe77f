import { isObject, UNKNOWN, type Value, type Values } from "../protocol";
import { type Field, type Fields, type Type, wireName } from "./fields";
import { sameField } from "./plan";

/** Thrown for a value in an answer that has a wrong JSON type. */
class WrongType extends Error {}

const none = (value: Value | undefined): value is null | undefined => value === undefined || value === null;
const inBody = (field: Field) => field.path === undefined && field.kind !== "computed";

/** A value as it is sent to the API. */
function encode(type: Type, value: Value): Value {
    if (typeof type === "string") return value;
    if ("object" in type) return encodeFields(type.object, value as Values);
    if ("map" in type) {
        const entries = Object.entries(value as { [name: string]: Value });
        return Object.fromEntries(entries.map(([key, item]) => [key, encode(type.map, item)]));
    }
    const item = "list" in type ? type.list : type.set;
    return (value as Value[]).map((element) => encode(item, element));
}

function encodeFields(fields: Fields, planned: Values): { [name: string]: Value } {
    const body: { [name: string]: Value } = {};
    for (const [name, field] of Object.entries(fields)) {
        const value = planned[name];
        if (inBody(field) && !none(value) && value !== UNKNOWN) body[wireName(name, field)] = encode(field.type, value);
    }
    return body;
}

/** Body of a create request: all planned values that are known. */
export const createBody = (fields: Fields, planned: Values) => encodeFields(fields, planned);

/**
 * Body of a PUT request: all planned values, and null for each value that is in the state but no longer planned.
 * Elements of lists get no null.
 */
export function putBody(fields: Fields, planned: Values, state: Values): { [name: string]: Value } {
    const body = encodeFields(fields, planned);
    for (const [name, field] of Object.entries(fields)) {
        if (!inBody(field)) continue;
        const [before, after] = [state[name], planned[name]];
        if (none(after) && !none(before) && field.kind !== "both") body[wireName(name, field)] = null;
        const nested = typeof field.type === "object" && "object" in field.type ? field.type.object : undefined;
        if (nested && isObject(before) && isObject(after)) body[wireName(name, field)] = putBody(nested, after, before);
    }
    return body;
}

/** Body of a PATCH: changed fields, with null for removed values. */
export function patchBody(fields: Fields, planned: Values, state: Values): { [name: string]: Value } {
    const changed = Object.entries(fields).filter(([name, field]) => !sameField(field, state[name], planned[name]));
    return putBody(Object.fromEntries(changed), planned, state);
}

const PRIMITIVES = ["string", "number", "boolean"];

/** Converts a value of the API's JSON to the value that Pulumi programs get. Returns undefined for null and missing values. */
export function decode(type: Type, json: unknown): Value | undefined {
    if (json === undefined || json === null) return undefined;
    if (type === "any") return json as Value;
    if (type === "json") return JSON.stringify(json);
    if (typeof type === "string") {
        if (PRIMITIVES.includes(type) && typeof json !== type) throw new WrongType();
        return json as Value;
    }
    if ("object" in type || "map" in type) {
        if (typeof json !== "object" || Array.isArray(json)) throw new WrongType();
        const values = json as Record<string, unknown>;
        if ("object" in type) return withoutNone(decodeFields(type.object, values));
        return withoutNone(Object.fromEntries(Object.entries(values).map(([k, v]) => [k, decode(type.map, v)])));
    }
    if (!Array.isArray(json)) throw new WrongType();
    const item = "list" in type ? type.list : type.set;
    return json.map((element) => decode(item, element) ?? null);
}

export function withoutNone(values: Values): { [name: string]: Value } {
    return Object.fromEntries(Object.entries(values).filter(([, v]) => !none(v))) as { [name: string]: Value };
}

function decodeFields(fields: Fields, json: Record<string, unknown>): Values {
    const found: Values = {};
    for (const [name, field] of Object.entries(fields)) found[name] = decode(field.type, json[wireName(name, field)]);
    return found;
}

const empty = (value: Value | undefined) =>
    value === false || value === "" || (Array.isArray(value) && value.length === 0) || isEmptyObject(value);
const isEmptyObject = (value: Value | undefined) => isObject(value) && Object.keys(value).length === 0;

/** State after a read. Fields have the values of the answer, except parts of the URL path and fields that reads ignore. */
export function afterRead(fields: Fields, json: Record<string, unknown>, state: Values | undefined): Values {
    const found: Values = {};
    for (const [name, field] of Object.entries(fields)) {
        if (field.path || field.noRefresh === "never" || (field.noRefresh && state)) {
            found[name] = state?.[name];
            continue;
        }
        const value = decode(field.type, json[wireName(name, field)]);
        const unset = field.emptyIsNone === "always" || (field.emptyIsNone && state && none(state[name]));
        found[name] = unset && empty(value) ? undefined : value;
    }
    return found;
}

/**
 * The state after a create or an update. Planned values stay as planned, even if the API answers with different values.
 * All other fields get the value in the response.
 * If the response has no value for a field, the field has no value afterwards. Only a secret keeps the value in the
 * state.
 * @throws Error if a value in the response has a wrong type
 */
export function afterWrite(fields: Fields, planned: Values, json: Record<string, unknown>, state?: Values): Values {
    const result: Values = {};
    for (const [name, field] of Object.entries(fields)) {
        const value = planned[name];
        const answer = json[wireName(name, field)];
        const theirs = field.kind === "computed" || (field.kind === "both" && (none(value) || value === UNKNOWN));
        if (!theirs) result[name] = none(value) ? undefined : fillIn(field.type, value, answer);
        else if (field.secret && (answer === undefined || answer === null)) result[name] = state?.[name];
        else result[name] = decodeOrMiss(name, field.type, answer);
    }
    return result;
}

function decodeOrMiss(name: string, type: Type, answer: unknown): Value | undefined {
    try {
        return decode(type, answer);
    } catch (error) {
        if (error instanceof WrongType) throw new Error(`unexpected unknown value at ${name}`);
        throw error;
    }
}

/** A planned value with its missing parts filled in from the response. Only the API sets these parts. */
function fillIn(type: Type, planned: Value, answer: unknown): Value {
    if (typeof type === "string" || "map" in type || "set" in type || typeof answer !== "object" || answer === null)
        return planned;
    if ("object" in type) {
        if (!isObject(planned) || Array.isArray(answer)) return planned;
        return withoutNone(afterWrite(type.object, planned, answer as Record<string, unknown>));
    }
    if (!Array.isArray(planned) || !Array.isArray(answer)) return planned;
    return planned.map((element, index) => fillIn(type.list, element, answer[index]));
}
