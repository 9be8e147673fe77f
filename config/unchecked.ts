/** A stack config before its check: keys and their unchecked values. */
export type Raw = Record<string, unknown>;

export function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value if it is a mapping, otherwise an empty mapping. */
export function mapping(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Returns the value if it is a list, otherwise an empty list. */
export function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

/** Whether the config sets a key. Parsed values do not show this for a key with a default. */
export function isGiven(values: unknown, ...path: string[]): boolean {
    return valueAt(values, path) !== undefined;
}

/** The value at a path. */
export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce((value, step) => {
        if (typeof step === "number") return Array.isArray(value) ? (value as unknown[])[step] : undefined;
        return isMapping(value) && Object.hasOwn(value, step) ? value[step as string] : undefined;
    }, values);
}

/** Path of a value: names of keys, and positions in lists. */
export type Path = (string | number)[];

/** Steps of a path in text: `nodes[].labels` has three. */
export function stepsOf(path: string): string[] {
    return path.split(/\.|(?=\[)/);
}

/** Paths of a key in a value; the step `[]` stands for each entry of a list. */
export function placesOf(value: unknown, [step, ...rest]: string[]): Path[] {
    if (step === undefined) return value === undefined ? [] : [[]];
    const steps = step === "[]" ? (Array.isArray(value) ? [...value.keys()] : []) : [step];
    return steps.flatMap((one) => placesOf(valueAt(value, [one]), rest).map((path) => [one, ...path]));
}
