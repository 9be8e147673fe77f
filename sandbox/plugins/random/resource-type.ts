export type Value = string | number | boolean | null | Record<string, unknown>;
export type Values = Record<string, Value>;

type Kind = "string" | "whole number" | "true or false" | "map";

export interface Input {
    kind: Kind;
    required?: true;
    /** Default value in the state. */
    default?: Value;
}

export interface Made {
    id: string;
    /** Properties that the resource adds to its planned inputs, with its own property `id` if it has one. */
    computed: Values;
}

export interface ResourceType {
    inputs: Record<string, Input>;
    /** Properties that only the provider sets. */
    computed: string[];
    /** Computed properties with secrets. */
    secrets: string[];
    /** Version of the state's schema, if the released provider writes one. */
    schemaVersion?: string;
    /** Rules for inputs that are all known. Returns problems with their properties. */
    problems(inputs: Values): { property: string; problem: string }[];
    /** Inputs with defaults: the state without computed properties. */
    plan(inputs: Values): Values;
    make(planned: Values): Made | Promise<Made>;
    /** State of an existing resource, from the text given to `pulumi import`. Throws for an invalid text. */
    import(text: string): { planned: Values; made: Made | Promise<Made> };
}

/** Texts whose change replaces the resource. Every resource has them. */
export const keepers: Input = { kind: "map" };

/** Inputs with defaults. */
export function withDefaults(inputs: Record<string, Input>, given: Values): Values {
    const planned: Values = {};
    for (const [name, { default: value }] of Object.entries(inputs)) {
        if (given[name] !== undefined && given[name] !== null) planned[name] = given[name];
        else if (value !== undefined) planned[name] = value;
    }
    return planned;
}
