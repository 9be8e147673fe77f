/** Gets programs in the first way that works: from the cache, from a downloaded release, or by building them. */
import { cached, type CacheEntry, type CacheOptions, findCached, type Recipe } from "./cache";
import { DownloadFailed } from "./releases/download";

export interface Wanted {
    /** How to build the program. */
    source: Recipe;
    /**
     * How to download the program. A string means that the program cannot be downloaded: the string is a log message with
     * the reason and what happens instead.
     */
    release: Recipe | string;
    /** Whether other programs have the same libraries. */
    sharesLibraries: boolean;
}

/**
 * Returns a promise for each element of `wanted`, in the same order. All downloads run at the same time. Builds run in two
 * queues, so that one build uses the cores while another one links or downloads: programs that share libraries are built one
 * after another, so that Go compiles each library only once. After the first failed build, no further build starts.
 */
export function obtain(wanted: Wanted[], options: CacheOptions): Promise<CacheEntry>[] {
    const queues: Record<string, Promise<unknown>> = {};
    let failed: unknown;
    return wanted.map((one) => {
        const queue = String(one.sharesLibraries);
        const before = queues[queue];
        const entry = (async () => {
            const found = (await foundOf(one, options)) ?? (await downloaded(one, options));
            if (found) return found;
            await before;
            if (failed !== undefined) throw failed;
            return cached(one.source, options);
        })();
        queues[queue] = entry.catch((error: unknown) => (failed ??= error));
        return entry;
    });
}

async function foundOf({ release, source }: Wanted, { root }: CacheOptions): Promise<CacheEntry | undefined> {
    const released = typeof release === "string" ? undefined : await findCached(release, root);
    return released ?? (await findCached(source, root));
}

/** The downloaded entry; undefined if the program must be built, for a reason that is logged. */
async function downloaded({ release, source }: Wanted, options: CacheOptions): Promise<CacheEntry | undefined> {
    if (typeof release === "string") {
        options.log(`${source.name}: ${release}`);
        return undefined;
    }
    try {
        return await cached(release, options);
    } catch (error) {
        if (!(error instanceof DownloadFailed)) throw error;
        options.log(`${source.name}: cannot be downloaded; building it. ${error.message}`);
        return undefined;
    }
}
