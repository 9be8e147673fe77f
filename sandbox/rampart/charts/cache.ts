/**
 * The controller's cache of charts: a chart of a given version is read only once while any graph uses its repo. Emulated:
 * petuum/rampart 47a837c, repository.py.
 */
import type { HelmRepo } from "./helm-runner.js";

interface Known {
    /** uids of the graphs that use the repo. */
    users: Set<string>;
    /** Annotations, by name and version of the chart. */
    annotations: Map<string, string>;
}

export class ChartCache {
    private readonly repos = new Map<string, Known>();

    /** The cached annotations of a repo's charts. Marks the repo as used by the graph. */
    of({ name, options }: HelmRepo, uid: string): Map<string, string> {
        const key = JSON.stringify([name, options]);
        const known = this.repos.get(key) ?? { users: new Set(), annotations: new Map() };
        this.repos.set(key, known);
        known.users.add(uid);
        return known.annotations;
    }

    /** Removes a deleted graph, and the repos that no other graph uses. */
    release(uid: string): void {
        for (const [key, { users }] of this.repos) {
            users.delete(uid);
            if (users.size === 0) this.repos.delete(key);
        }
    }
}
