/** Starts the parts of a world in order, and ends them in reverse order. */

interface Part {
    close(): Promise<void> | void;
}

export type Keep = <T extends Part>(part: T) => T;

/**
 * Starts the parts of a world. If one fails, those that were started are ended.
 * @param start starts the parts, and calls `keep` with each of them; `close` ends all kept parts, the last first
 */
export async function together<T>(
    log: (line: string) => void,
    start: (keep: Keep, close: () => Promise<void>) => Promise<T>,
): Promise<T> {
    const started: Part[] = [];
    const close = async () => {
        for (const part of started.reverse()) await part.close();
    };
    try {
        return await start((part) => (started.push(part), part), close);
    } catch (error) {
        await close().catch((closing: Error) => log(closing.message));
        throw error;
    }
}
