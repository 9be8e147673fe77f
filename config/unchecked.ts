// Functions that read unchecked values.

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

/** Whether a key is set. Parsed values do not show that for a key with a default. */
export function isGiven(values: unknown, ...path: string[]): boolean {
    return (
        path.reduce(
            (value: unknown, key) => (isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined),
            values,
        ) !== undefined
    );
}
