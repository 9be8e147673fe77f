/** Parts of a world that start in order and end together. */

interface Part {
    close(): Promise<void> | void;
}

export type Keep = <T extends Part>(part: T) => T;

/**
 * Starts parts. If one fails, no process is left.
 * @param start calls `keep` with each running part; `close` ends them all, the last one first
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
