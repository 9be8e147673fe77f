/**
 * Returns the result of `work`. Rejects with the signal's reason if the signal aborts first: aborted work may never settle.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    let fail: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
        fail = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
        if (signal.aborted) fail();
        else signal.addEventListener("abort", fail, { once: true });
    });
    try {
        return await Promise.race([work, aborted]);
    } finally {
        signal.removeEventListener("abort", fail);
    }
}
