// Reads values that no schema has checked.

export function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Anything that has no keys is a mapping without any. */
export function mapping(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Anything that is no list is an empty one. */
export function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

/** Whether a key is given, whatever it holds. A parsed value does not tell that of a key with a default. */
export function isGiven(values: unknown, ...path: string[]): boolean {
    return (
        path.reduce(
            (value: unknown, key) => (isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined),
            values,
        ) !== undefined
    );
}
