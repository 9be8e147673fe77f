/** Consumers with equal settings. */
export interface Group<T> {
    settings: T;
    /** Names in APISIX. */
    consumers: string[];
}

/**
 * Groups callers with equal settings, so that a route has one rule for each group and not for each caller.
 * @param namespace namespace of the consumers
 * @param callers settings by the name of the caller
 * @param keyOf a text that is equal for equal settings
 */
export function groupsOf<T>(namespace: string, callers: Record<string, T>, keyOf: (settings: T) => string): Group<T>[] {
    const groups = new Map<string, Group<T>>();
    for (const [name, settings] of Object.entries(callers)) {
        const group = groups.get(keyOf(settings)) ?? { settings, consumers: [] };
        group.consumers.push(`${namespace}_${name}`);
        groups.set(keyOf(settings), group);
    }
    return [...groups.values()];
}
