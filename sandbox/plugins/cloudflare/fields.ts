import type { Value, Values } from "../protocol";
import type { Answer, Upload } from "./http";

export type Type =
    | "value"
    | { object: Fields }
    | { list: Type }
    /** A list whose order has no meaning. */
    | { set: Type };

export interface Field {
    /** @default "value": a string, a number, a boolean, or any JSON value, unchanged */
    type: Type;
    /**
     * Who sets a field. `required` and `optional`: the Pulumi program. `computed`: the API. `both`: the API, unless the
     * program sets a value. The released provider calls `both` `computed_optional`.
     */
    kind: "required" | "optional" | "computed" | "both";
    /** Name in the API, if it is not the property's name in snake_case. */
    wire?: string;
    /** The field is part of the URL path, and never of a body. Its change replaces the resource. */
    path?: true;
    replace?: true;
    secret?: true;
    /** A read keeps the value in the state and ignores the value in the response. */
    keptByRead?: true;
    /** The property keeps its value in the preview of an update, instead of becoming unknown. */
    keeps?: true;
    /** Value that is used if the program sets none. */
    default?: Value;
}

export type Fields = Record<string, Field>;
type Extra = Partial<Omit<Field, "kind">>;

const field =
    (kind: Field["kind"]) =>
    (extra: Extra = {}): Field => ({ type: "value", kind, ...extra });
export const required = field("required");
export const optional = field("optional");
export const both = field("both");
export const computed = field("computed");
/** A required part of the URL path. */
export const address = (): Field => required({ path: true, replace: true });
/** Fields of one kind with plain values, by name. */
export const each = (make: (extra?: Extra) => Field, ...names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, make()]));

/** The field's name in JSON. */
export const wireName = (name: string, { wire }: Field): string =>
    wire ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export interface ResourceType {
    fields: Fields;
    /** Path of the list, in which `{property}` is replaced by the value of the property. */
    list: string;
    /** Path of one resource. @default the list's with the id */
    one?: string;
    /** @default `POST` to the list */
    create?: "PUT" | "PATCH";
    /** @default `PUT` */
    update?: "PATCH";
    /** @default `DELETE`. If it is empty, a deletion sends no request */
    remove?: { method: string; body?: Value }[];
    /** The property that is used as id. Unset if the API creates an id. */
    idIs?: string;
    /** Names of the parts of an import id. Unset if the import is unsupported. */
    importParts?: string[];
    /** Multipart body of a write, for resources that do not send JSON. */
    upload?(planned: Values): Upload;
    /** Path of the read, and the JSON for the state, from its answer and from further requests. */
    read?: { path: string; all(json: Json, get: (path: string) => Promise<Answer>): Promise<Json> };
    /** Adjusts the planned state where fields depend on each other. */
    adjust?(planned: Values, state: Values): Values;
}

export type Json = Record<string, unknown>;
