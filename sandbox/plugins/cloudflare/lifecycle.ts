import type { Values } from "../protocol";
import type { Answer, Api } from "./http";
import { HttpError } from "./http";
import type { Json, ResourceType } from "./fields";
import { afterRead, afterWrite, bodyOf, patchOf, plan } from "./state";

/** Fills the values of `{property}` into a path. */
function fill(path: string, state: Values): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = state[name];
        // The released provider makes the same check before it sends a request.
        if (typeof value !== "string" || value === "") throw new Error(`missing required ${name} parameter`);
        return encodeURIComponent(value);
    });
}

const pathOf = ({ list, one, idIs }: ResourceType): string => one ?? (idIs === undefined ? `${list}/{id}` : list);

const result = (answer: Answer): Json => ((JSON.parse(answer.text) as { result?: Json } | null)?.result ?? {}) as Json;

/** Adds the `id` to a state: from the API's answer, or from the property `idIs`. */
function withId({ idIs }: ResourceType, state: Values, json: Json): Values {
    const kept = Object.entries(state).filter(([, value]) => value !== undefined && value !== null);
    const id = idIs === undefined ? json.id : state[idIs];
    if (typeof id !== "string")
        throw new Error("the API's answer has no result.id, so the provider cannot read the resource later");
    return { ...Object.fromEntries(kept), id };
}

export async function create(type: ResourceType, api: Api, inputs: Values): Promise<Values> {
    const planned = plan(type, inputs);
    const body = type.upload?.(planned) ?? bodyOf(type.fields, planned);
    const json = result(await api.call(type.create ?? "POST", fill(type.list, planned), body));
    return withId(type, afterWrite(type.fields, planned, json), json);
}

export async function update(type: ResourceType, api: Api, state: Values, inputs: Values): Promise<Values> {
    const planned = plan(type, inputs, state);
    const method = type.update ?? "PUT";
    const body = type.upload?.(planned) ?? (method === "PATCH" ? patchOf : bodyOf)(type.fields, planned, state);
    const json = result(await api.call(method, fill(pathOf(type), { ...planned, id: state.id }), body));
    return withId(type, afterWrite(type.fields, planned, json, state), { id: state.id, ...json });
}

/** The current state; undefined if the API has no such resource. @param state undefined at an import */
export async function read(type: ResourceType, api: Api, where: Values, state?: Values): Promise<Values | undefined> {
    const get = (path: string) => api.call("GET", fill(path, where));
    try {
        const first = result(await get(type.read?.path ?? pathOf(type)));
        const json = (await type.read?.all(first, get)) ?? first;
        return withId(type, afterRead(type.fields, json, where, state), { id: where.id, ...json });
    } catch (error) {
        if (error instanceof HttpError && error.status === 404) return undefined;
        throw error;
    }
}

/** The address of a resource that is imported, from the id given to `pulumi import`. */
export function importAddress(names: string[], text: string): Values {
    const parts = text.split("/").map(decodeURIComponent);
    if (parts.length !== names.length || parts.includes(""))
        throw new Error(`invalid ID: expected "${names.map((name) => `<${name}>`).join("/")}", got "${text}"`);
    return Object.fromEntries(names.map((name, index) => [name, parts[index]]));
}

export async function remove(type: ResourceType, api: Api, state: Values): Promise<void> {
    for (const { method, body } of type.remove ?? [{ method: "DELETE", body: undefined }])
        await api.call(method, fill(pathOf(type), state), body);
}

/** The inputs after a read. They contain only properties that the program had set, but with the values of the new state. */
export function inputsAfterRead(old: Values, state: Values): Values {
    const pick = (given: unknown, found: unknown): unknown => {
        if (Array.isArray(given) && Array.isArray(found) && given.length === found.length)
            return found.map((item, index) => pick(given[index], item));
        if (!isPlain(given) || !isPlain(found)) return found;
        const kept = Object.keys(given).filter((key) => found[key] !== undefined);
        return Object.fromEntries(kept.map((key) => [key, pick(given[key], found[key])]));
    };
    return pick(old, state) as Values;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
