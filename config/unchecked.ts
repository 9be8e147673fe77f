/** A stack config before its check, which shows which keys it sets: keys and their unchecked values. */
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

export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce((value, step) => {
        if (typeof step === "number") return Array.isArray(value) ? (value as unknown[])[step] : undefined;
        return isMapping(value) && Object.hasOwn(value, step) ? value[step as string] : undefined;
    }, values);
}
