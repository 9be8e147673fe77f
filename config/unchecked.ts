// Functions that read values which no schema has checked.

export function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that is no mapping becomes an empty one. */
export function mapping(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A value that is no list becomes an empty one. */
export function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

/** Whether a key is given, with any value. A parsed value does not show that for a key with a default. */
export function isGiven(values: unknown, ...path: string[]): boolean {
    return (
        path.reduce(
            (value: unknown, key) => (isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined),
            values,
        ) !== undefined
    );
}
