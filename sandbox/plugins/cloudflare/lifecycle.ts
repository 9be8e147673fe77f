import type { Values } from "../protocol";
import type { Answer, Api } from "./http";
import { HttpError } from "./http";
import type { ResourceType } from "./fields";
import { plan } from "./plan";
import { afterRead, afterWrite, createBody, patchBody, putBody, withoutNone } from "./wire";

/** Fills the values of `{property}` into a request template. `{scope}` becomes the account or the zone. */
function address(type: ResourceType, template: string, state: Values): { method: string; path: string } {
    const [method, path] = template.split(" ");
    const part = (name: string): string => {
        if (name === "scope") return state.accountId ? `accounts/${part("accountId")}` : `zones/${part("zoneId")}`;
        const value = state[name];
        // The released provider makes the same check before it sends a request. The value can be missing if an earlier
        // response contained no id.
        if (typeof value !== "string" || value === "")
            throw new Error(`missing required ${name === "id" ? type.idName : snake(name)} parameter`);
        return encodeURIComponent(value);
    };
    return { method, path: path.replace(/\{(\w+)\}/g, (_, name: string) => part(name)) };
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The field `result` of an answer. As in the released provider, a body that is not JSON is an empty result. */
function result(answer: Answer): Record<string, unknown> {
    try {
        const found = (JSON.parse(answer.text) as { result?: unknown } | null)?.result;
        return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
    } catch {
        return {};
    }
}

/** Adds the `id` to a state: from the API's answer, or from the property `idIs`. */
function withId(type: ResourceType, state: Values, json: Record<string, unknown>): Values {
    const id = type.idIs === undefined ? json.id : state[type.idIs];
    return { ...withoutNone(state), id: typeof id === "string" && id !== "" ? id : undefined };
}

export async function create(type: ResourceType, api: Api, inputs: Values): Promise<{ id: string; state: Values }> {
    const planned = plan(type, inputs);
    const refusal = type.refuseCreate?.(planned);
    if (refusal) throw new Error(refusal);
    const { method, path } = address(type, type.calls.create, planned);
    const json = result(await api.call(method, path, type.upload?.(planned) ?? createBody(type.fields, planned)));
    const state = withId(type, afterWrite(type.fields, planned, json), json);
    if (state.id === undefined)
        throw new Error(
            `${method} ${path}: the response has no result.id, so the provider cannot read the resource later`,
        );
    return { id: state.id as string, state };
}

export async function update(type: ResourceType, api: Api, state: Values, inputs: Values): Promise<Values> {
    const planned = plan(type, inputs, state);
    const { method, path } = address(type, type.calls.update, { ...planned, id: state.id });
    const body = type.upload?.(planned) ?? (method === "PATCH" ? patchBody : putBody)(type.fields, planned, state);
    const json = result(await api.call(method, path, body));
    return withId(type, afterWrite(type.fields, planned, json, state), json);
}

/** The current state; undefined if the API has no such resource. */
export async function read(type: ResourceType, api: Api, state: Values): Promise<Values | undefined> {
    const { method, path } = address(type, type.calls.read, state);
    try {
        const json = result(await api.call(method, path));
        return readState(type, await all(type, api, state, json), state, state);
    } catch (error) {
        if (error instanceof HttpError && error.status === 404) return undefined;
        throw error;
    }
}

/** The result of a read, including the additional requests of the resource type. */
async function all(type: ResourceType, api: Api, where: Values, json: Record<string, unknown>) {
    const get = (path: string) => api.call("GET", address(type, `GET ${path}`, where).path);
    return type.readAll?.(json, get) ?? json;
}

function readState(type: ResourceType, json: Record<string, unknown>, where: Values, state?: Values): Values {
    const found = afterRead(type.fields, json, state);
    for (const [name, field] of Object.entries(type.fields)) if (field.path) found[name] = where[name];
    return withId(type, type.adjustRead?.(found, state) ?? found, { id: json.id ?? where.id });
}

/** Imports an existing resource by the id given to `pulumi import`. */
export async function importResource(
    type: ResourceType,
    api: Api,
    text: string,
): Promise<{ state: Values; inputs: Values }> {
    const where = importAddress(type, text);
    const { method, path } = address(type, type.calls.read, where);
    const json = await all(type, api, where, result(await api.call(method, path)));
    const state = readState(type, json, where);
    const inputs = Object.entries(state).filter(([name]) => {
        const field = type.fields[name];
        return field !== undefined && field.kind !== "computed";
    });
    return { state, inputs: Object.fromEntries(inputs) };
}

function importAddress(type: ResourceType, text: string): Values {
    const names = type.importParts.flatMap((part) => (part === "scope" ? ["scope", "scopeId"] : [part]));
    const form = type.importParts
        .map((part) => (part === "scope" ? "<accounts|zones>/<account_id|zone_id>" : `<${snake(part)}>`))
        .join("/");
    const parts = text.split("/").map(decodeURIComponent);
    const wrong = new Error(`invalid ID: expected urlencoded segments "${form}", got "${text}"`);
    if (parts.length !== names.length || parts.some((part) => part === "")) throw wrong;
    const where: Values = Object.fromEntries(names.map((name, index) => [name, parts[index]]));
    if (where.scope !== undefined) {
        if (where.scope !== "accounts" && where.scope !== "zones") throw wrong;
        where[where.scope === "accounts" ? "accountId" : "zoneId"] = where.scopeId;
    }
    return where;
}

export async function remove(type: ResourceType, api: Api, state: Values): Promise<void> {
    for (const template of type.calls.remove ?? []) {
        const { method, path } = address(type, template, state);
        const answer = await api.call(method, path, type.removeBody?.[method]);
        const json = /^application\/([\w.]+\+)?json/.test(answer.contentType);
        // Cloudflare's SDK decodes the answer. It fails for a content type other than JSON, even if the removal succeeded.
        if (!json && !(type.idName === "ruleset_id" && answer.status === 204))
            throw new Error(
                `expected destination type of 'string' or '[]byte' for responses with content-type '${answer.contentType}' that is not 'application/json'`,
            );
    }
}

/**
 * The inputs after a read. They contain only properties that the program had set, but with the values of the new state.
 */
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
