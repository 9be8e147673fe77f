import type { Value, Values } from "../protocol";
import type { Answer, Upload } from "./http";

/**
 * Who sets a field. `required` and `optional`: the Pulumi program. `computed`: the API. `both`: the API, unless the
 * program sets a value. The released provider calls `both` `computed_optional`.
 */
type Kind = "required" | "optional" | "computed" | "both";

export type Type =
    | "string"
    | "number"
    | "boolean"
    /** Any JSON value, unchanged. */
    | "any"
    /** A JSON object in the API, and a string of JSON in programs. */
    | "json"
    | { object: Fields }
    | { list: Type }
    /** A list whose order has no meaning. */
    | { set: Type }
    | { map: Type };

export interface Field {
    type: Type;
    kind: Kind;
    /** Name in the API, if it is not the property's name in snake_case. */
    wire?: string;
    /** The field is part of the URL path, and never of a body. */
    path?: true;
    replace?: true;
    secret?: true;
    /**
     * When a read keeps the value in the state and ignores the value in the response. "never": at every read. "but at
     * import": at every read except during an import.
     */
    noRefresh?: "never" | "but at import";
    /** The property keeps its value in the preview of an update, instead of becoming unknown. */
    keeps?: true;
    /** Value that is used if the program sets none. */
    default?: Value;
    /**
     * The request body contains the field only if the program sets it. A value that is only in the state is not sent.
     */
    onlyIfGiven?: true;
    /**
     * When an empty value in a response (`false`, `""`, `[]`, `{}`) counts as no value. `always`: in every case.
     * `if unset`: only if the state has no value either.
     */
    emptyIsNone?: "always" | "if unset";
    /** Whether two different values have the same meaning. */
    same?(state: Value | undefined, planned: Value | undefined): boolean;
}

export type Fields = Record<string, Field>;
type Extra = Partial<Omit<Field, "type" | "kind">>;

export const required = (type: Type, extra: Extra = {}): Field => ({ type, kind: "required", ...extra });
export const optional = (type: Type, extra: Extra = {}): Field => ({ type, kind: "optional", ...extra });
export const both = (type: Type, extra: Extra = {}): Field => ({ type, kind: "both", ...extra });
export const computed = (type: Type, extra: Extra = {}): Field => ({ type, kind: "computed", ...extra });

/** Computed fields of one type, by name. */
export const answers = (type: Type, ...names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, computed(type)]));

/** A required part of the URL path. Its change replaces the resource. */
export const address = (extra: Extra = {}): Field => required("string", { path: true, replace: true, ...extra });

/** The owner of a resource that belongs to an account or to a zone: one of the two is set. */
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
    /**
     * Requests as `METHOD path`. In the path, `{property}` is replaced by the value of the property, and `{scope}` by
     * `accounts/…` or `zones/…`. Without `remove`, a deletion sends no request.
     */
    calls: { create: string; read: string; update: string; remove?: string[] };
    /** Multipart body of a write, for resources that do not send JSON. */
    upload?(planned: Values): Upload;
    /**
     * Returns the JSON for the state, from the answer of the read and from further requests. `get` sends a GET request to a
     * path, in which `{property}` stands for values as in `calls`.
     */
    readAll?(json: Record<string, unknown>, get: (path: string) => Promise<Answer>): Promise<Record<string, unknown>>;
    /** Body of each removal request, by HTTP method. A method without an entry sends no body. */
    removeBody?: Record<string, Value>;
    /** Name of the resource's id in the released provider's messages. */
    idName: string;
    /** The property that is used as id. Unset if the API creates an id. */
    idIs?: string;
    /** Names of the parts of an import id. `{scope}` stands for two parts. */
    importParts: string[];
    /** Problems of inputs other than wrong types. Values that are unknown in a preview are not checked. */
    problems?(inputs: Values): Problem[];
    /**
     * Returns an error if the released provider rejects the creation without sending a request. Otherwise returns
     * undefined.
     */
    refuseCreate?(planned: Values): string | undefined;
    /** Adjusts the planned state where fields depend on each other. */
    adjust?(planned: Values, inputs: Values, state: Values | undefined): Values;
    /** Adjusts the result of a read. @param state the state before the read; undefined at an import */
    adjustRead?(found: Values, state: Values | undefined): Values;
    /** Message if the released provider crashes when it compares this state with inputs; undefined if it does not. */
    crash?(state: Values): string | undefined;
}
