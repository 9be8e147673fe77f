import type { Value, Values } from "../protocol";
import type { Answer, Upload } from "./http";

/**
 * Who sets a field. `required` and `optional`: the program. `computed`: the API. `both`: the API, if the program sets no value
 * (`computed_optional` in the released provider).
 */
type Kind = "required" | "optional" | "computed" | "both";

export type Type =
    | "string"
    | "number"
    | "boolean"
    /** Any JSON of the API. */
    | "any"
    /** A JSON object that programs see as text. */
    | "json"
    | { object: Fields }
    | { list: Type }
    /** A list without a significant order. */
    | { set: Type }
    | { map: Type };

export interface Field {
    type: Type;
    kind: Kind;
    /** Name in the API, if it is not the property's name in snake_case. */
    wire?: string;
    /** Part of the address, never of a body. */
    path?: true;
    /** A change replaces the resource. */
    replace?: true;
    secret?: true;
    /** Whether reads ignore the value: always, or except at an import. */
    noRefresh?: "never" | "but at import";
    /** An update does not make the property unknown. */
    keeps?: true;
    /** Value if the program sets none. */
    default?: Value;
    /** In the body only if the program sets it. */
    onlyIfGiven?: true;
    /** An empty answer (`false`, `[]`, `{}`) counts as none: always, or only if the state has none. */
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

/** Fields that the API sets, all of one type. */
export const answers = (type: Type, ...names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, computed(type)]));

/** A part of the address whose change replaces the resource. */
export const address = (extra: Extra = {}): Field => required("string", { path: true, replace: true, ...extra });

/** The owner: either an account or a zone. */
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
     * Requests, as `METHOD path` with `{property}` in the path and `{scope}` for `accounts/…` or `zones/…`. Without `remove`:
     * no request.
     */
    calls: { create: string; read: string; update: string; remove?: string[] };
    /** Body of a write instead of JSON. */
    upload?(planned: Values): Upload;
    /** The state from the answer of a read and of more requests: `get` takes a path like those above. */
    readAll?(json: Record<string, unknown>, get: (path: string) => Promise<Answer>): Promise<Record<string, unknown>>;
    /** Body of a removal, by its method. */
    removeBody?: Record<string, Value>;
    /** Name of the id in the released provider's messages. */
    idName: string;
    /** The property that is the id, if the API does not create one. */
    idIs?: string;
    /** Parts of an import id; `{scope}` is two parts. */
    importParts: string[];
    /** Rules for inputs. Unknown values are not checked. */
    problems?(inputs: Values): Problem[];
    /** Checks of the released provider at creation only, before the request. */
    refuseCreate?(planned: Values): string | undefined;
    /** Changes of a plan that depend on more than one field. */
    adjust?(planned: Values, inputs: Values, state: Values | undefined): Values;
    /** Changes of a read result, given the state. */
    adjustRead?(found: Values, state: Values | undefined): Values;
    /** The released provider's crash for such a state in a comparison. */
    crash?(state: Values): string | undefined;
}
