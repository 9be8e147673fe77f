import type { Value, Values } from "../protocol";
import type { Answer, Upload } from "./http";

/**
 * Who sets a field. `required` and `optional`: the program. `computed`: the API. `both`: the API where the program says
 * nothing (`computed_optional` in the released provider).
 */
type Kind = "required" | "optional" | "computed" | "both";

export type Type =
    | "string"
    | "number"
    | "boolean"
    /** Whatever JSON the API uses. */
    | "any"
    /** A JSON object that programs see as its text. */
    | "json"
    | { object: Fields }
    | { list: Type }
    /** A list whose order says nothing. */
    | { set: Type }
    | { map: Type };

export interface Field {
    type: Type;
    kind: Kind;
    /** Name on the wire, where it is not the property's name in snake_case. */
    wire?: string;
    /** Part of the address, never of a body. */
    path?: true;
    /** A change makes a new resource. */
    replace?: true;
    secret?: true;
    /** What a read answers is not looked at: never, or only when it imports. */
    noRefresh?: "never" | "but at import";
    /** Keeps its value in an update, instead of being unknown until the answer. */
    keeps?: true;
    /** What the program's silence means. */
    default?: Value;
    /** Counts in the body only when the program says it. */
    onlyIfGiven?: true;
    /** An empty answer (`false`, `[]`, `{}`) is the same as none: always, or only where the state has none. */
    emptyIsNone?: "always" | "if unset";
    /** Whether two values mean the same although they differ. */
    same?(state: Value | undefined, planned: Value | undefined): boolean;
}

export type Fields = Record<string, Field>;
type Extra = Partial<Omit<Field, "type" | "kind">>;

export const required = (type: Type, extra: Extra = {}): Field => ({ type, kind: "required", ...extra });
export const optional = (type: Type, extra: Extra = {}): Field => ({ type, kind: "optional", ...extra });
export const both = (type: Type, extra: Extra = {}): Field => ({ type, kind: "both", ...extra });
export const computed = (type: Type, extra: Extra = {}): Field => ({ type, kind: "computed", ...extra });

/** Fields that all are the API's, of one type. */
export const answers = (type: Type, ...names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, computed(type)]));

/** A part of the address that makes a new resource when it changes. */
export const address = (extra: Extra = {}): Field => required("string", { path: true, replace: true, ...extra });

/** The account or the zone something belongs to: one of the two. */
export const SCOPE: Fields = {
    accountId: optional("string", { path: true, replace: true }),
    zoneId: optional("string", { path: true, replace: true }),
};

/** The field's name in JSON. */
export const wireName = (name: string, field: Field): string =>
    field.wire ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export interface Problem {
    property: string;
    problem: string;
}

export interface ResourceType {
    fields: Fields;
    /** Requests, as `METHOD path` with `{property}` in the path and `{scope}` for `accounts/…` or `zones/…`. No `remove` = no request. */
    calls: { create: string; read: string; update: string; remove?: string[] };
    /** What a write sends instead of a body of JSON. */
    upload?(planned: Values): Upload;
    /** What a read makes of its answer and of more requests: `get` takes a path as those above. */
    readAll?(json: Record<string, unknown>, get: (path: string) => Promise<Answer>): Promise<Record<string, unknown>>;
    /** Body of a removal's request, by its method. */
    removeBody?: Record<string, Value>;
    /** Name of the id in the released provider's messages. */
    idName: string;
    /** The property that is the id, where the API does not make one. */
    idIs?: string;
    /** What an import text consists of; `{scope}` is two parts. */
    importParts: string[];
    /** Rules on inputs; fields that are not known yet are not looked at. */
    problems?(inputs: Values): Problem[];
    /** What the released provider refuses only when it creates, before the request. */
    refuseCreate?(planned: Values): string | undefined;
    /** Changes a plan in ways that one field alone does not tell. */
    adjust?(planned: Values, inputs: Values, state: Values | undefined): Values;
    /** Changes what a read found, given what the state had. */
    adjustRead?(found: Values, state: Values | undefined): Values;
    /** The crash of the released provider that this state causes in a comparison. */
    crash?(state: Values): string | undefined;
}
