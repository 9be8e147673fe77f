/** Parts of a world, which start one after the other and end together. */

interface Part {
    close(): Promise<void> | void;
}

export type Keep = <T extends Part>(part: T) => T;

/**
 * Starts parts, and leaves none running when one fails.
 * @param start hands each part that runs to `keep`; `close` ends them all, the last one first
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
