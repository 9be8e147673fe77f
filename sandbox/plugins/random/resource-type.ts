export type Value = string | number | boolean | null | Record<string, unknown>;
export type Values = Record<string, Value>;

type Kind = "string" | "whole number" | "true or false" | "map";

export interface Input {
    kind: Kind;
    required?: true;
    /** Value in the state where the program gives none. */
    default?: Value;
}

export interface Made {
    id: string;
    /** What the resource adds to its planned inputs, its own `id` property included where it has one. */
    computed: Values;
}

export interface ResourceType {
    inputs: Record<string, Input>;
    /** Properties only the provider sets. */
    computed: string[];
    /** Those of the computed ones that hold secret material. */
    secrets: string[];
    /** Version of the state's shape, where the released provider writes one into the state. */
    schemaVersion?: string;
    /** Further rules on inputs that are all known: what is wrong with which one. */
    problems(inputs: Values): { property: string; problem: string }[];
    /** Inputs with defaults filled in: what the state will hold apart from the computed properties. */
    plan(inputs: Values): Values;
    make(planned: Values): Made | Promise<Made>;
    /** State of an existing resource, from the text given to `pulumi import`. Throws on a text that is none. */
    import(text: string): { planned: Values; made: Made | Promise<Made> };
}

/** Texts that make a new resource when they change; every resource has them. */
export const keepers: Input = { kind: "map" };

/** The given inputs, with defaults where there are none. */
export function withDefaults(inputs: Record<string, Input>, given: Values): Values {
    const planned: Values = {};
    for (const [name, { default: value }] of Object.entries(inputs)) {
        if (given[name] !== undefined && given[name] !== null) planned[name] = given[name];
        else if (value !== undefined) planned[name] = value;
    }
    return planned;
}
