/** Gets programs in the first way that works: from the cache, from a downloaded release, or by building them. */
import { cached, type CacheEntry, type CacheOptions, findCached, type Recipe } from "./cache";
import { BuildEstimate, type BuildSeconds } from "./build-estimate";
import { RunningSteps } from "./log";
import { DownloadFailed } from "./releases/download";

export interface Wanted {
    /** How to build the program. */
    source: Recipe;
    /**
     * How to download the program. A string means that the program cannot be downloaded: the string is a log message with
     * the reason and what happens instead.
     */
    release: Recipe | string;
    buildSeconds: BuildSeconds;
}

/**
 * Returns a promise for each element of `wanted`, in the same order. Each promise resolves as soon as its program
 * exists.
 * - All downloads run at the same time.
 * - Builds run in two queues, so that one build uses the cores while another one links or downloads. One queue has the
 * programs that share libraries: they are built one after another, so that Go compiles each library only once. The
 * other queue has all other programs. In both, programs that have no download come first.
 * - After the first fatal error, no further build starts. When the running downloads and builds have ended, the
 * promises of all missing programs reject with this error.
 */
export function obtain(wanted: Wanted[], options: CacheOptions): Promise<CacheEntry>[] {
    const exists: ((entry: CacheEntry) => void)[] = [];
    const entries = wanted.map((_, i) => new Promise<CacheEntry>((resolve) => (exists[i] = resolve)));
    const all = obtainAll(wanted, options, (one, entry) => exists[wanted.indexOf(one)](entry));
    return entries.map((entry) => Promise.race([entry, all.then(() => entry)]));
}

async function obtainAll(
    wanted: Wanted[],
    options: CacheOptions,
    exists: (one: Wanted, entry: CacheEntry) => void,
): Promise<void> {
    const { root } = options;
    const running = options.running ?? new RunningSteps(options.log);
    const cache = { ...options, running, log: running.log };
    const found = await Promise.all(
        wanted.map(async ({ source, release }) => {
            const released = typeof release === "string" ? undefined : await findCached(release, root);
            return released ?? (await findCached(source, root));
        }),
    );
    const missing = wanted.filter((_, i) => found[i] === undefined);
    for (const [i, entry] of found.entries()) if (entry) exists(wanted[i], entry);
    const estimate = new BuildEstimate();
    /**
     * The first fatal error. It is thrown only after the running downloads and builds have ended, so that none is
     * interrupted.
     */
    let fatal: Error | undefined;
    const downloads = new Map(
        missing.map((one) => [
            one,
            downloaded(one, cache).then(
                (entry) => {
                    if (entry) exists(one, entry);
                    return entry;
                },
                (error: Error) => {
                    fatal ??= error;
                    return undefined;
                },
            ),
        ]),
    );
    for (const one of missing) {
        const count = () => estimate.add(one.source.name, one.buildSeconds);
        if (typeof one.release === "string") count();
        else void downloads.get(one)!.then((entry) => entry ?? count());
    }
    const releasedLast = (one: Wanted) => (typeof one.release === "string" ? 0 : 1);
    const buildInOrder = async (group: Wanted[]) => {
        for (const one of group.sort((a, b) => releasedLast(a) - releasedLast(b))) {
            const entry = await downloads.get(one);
            if (fatal) break;
            try {
                if (entry === undefined) exists(one, await cached(estimated(one.source, estimate), cache));
            } catch (error) {
                fatal ??= error as Error;
            }
        }
    };
    const shares = (one: Wanted) => one.buildSeconds.shared !== undefined;
    await Promise.all([buildInOrder(missing.filter(shares)), buildInOrder(missing.filter((one) => !shares(one)))]);
    await Promise.all(downloads.values());
    if (fatal) throw fatal;
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

/** Copy of a recipe. Its progress messages also contain the finished part and the remaining time of all builds. */
function estimated(recipe: Recipe, estimate: BuildEstimate): Recipe {
    return {
        ...recipe,
        async build(work, out, progress) {
            estimate.report(recipe.name, 0);
            progress(() => estimate.text());
            const facts = await recipe.build(work, out, (detail, share) => {
                if (share !== undefined) estimate.report(recipe.name, share);
                const text = typeof detail === "string" ? () => detail : detail;
                progress(() => [text(), estimate.text()].filter((part) => part !== undefined).join(", "));
            });
            estimate.report(recipe.name, 1);
            return facts;
        },
    };
}
