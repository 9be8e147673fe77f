/**
 * Patterns of Worker routes. Facts (Workers, routes: matching behavior and validity): a pattern is a hostname and a path, which
 * can end with `*`; it is compared with the whole URL including the query; the path is case-sensitive; the most specific
 * pattern wins.
 *
 * Unsupported: schemes, and names that begin with `*`.
 */
import type { WorkerRoute } from "../worker-objects";

const FORM = /^([a-z0-9-]+(?:\.[a-z0-9-]+)*)(\/[^*?]*)?(\*)?$/;

interface Pattern {
    hostname: string;
    /** Path with its leading slash, without a final `*`. */
    path: string;
    /** Whether the pattern ends with `*`. */
    open: boolean;
}

/** Returns undefined for an invalid or unsupported pattern. */
export function readPattern(text: string): Pattern | undefined {
    const [, hostname, path, star] = FORM.exec(text) ?? [];
    if (hostname === undefined || (path === undefined && star !== undefined)) return undefined;
    return { hostname, path: path ?? "/", open: star !== undefined };
}

/** Returns the route of a request. @param target path and query */
export function routeOf(routes: Iterable<WorkerRoute>, hostname: string, target: string): WorkerRoute | undefined {
    const fits = ({ pattern }: WorkerRoute) => {
        const { hostname: host, path, open } = readPattern(pattern)!;
        return host === hostname && (open ? target.startsWith(path) : target === path);
    };
    return [...routes].filter(fits).sort((a, b) => specific(b) - specific(a))[0];
}

/**
 * Rank of a pattern. A longer path is more specific. If two paths have the same length, the one without `*` is more
 * specific.
 */
function specific({ pattern }: WorkerRoute): number {
    const { path, open } = readPattern(pattern)!;
    return 2 * path.length + (open ? 0 : 1);
}
