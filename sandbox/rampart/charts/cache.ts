/**
 * What the controller process remembers of charts: a chart of a given version is looked at once, as long as some graph uses
 * its repo. Emulated: petuum/rampart 47a837c, repository.py.
 */
import type { HelmRepo } from "./helm-runner.js";

interface Known {
    /** uid of each graph that has asked for the repo. */
    users: Set<string>;
    /** By name and version of the chart. */
    annotations: Map<string, string>;
}

export class ChartCache {
    private readonly repos = new Map<string, Known>();

    /** The annotations known of a repo's charts, which are for the graph's use from now on. */
    of({ name, options }: HelmRepo, uid: string): Map<string, string> {
        const key = JSON.stringify([name, options]);
        const known = this.repos.get(key) ?? { users: new Set(), annotations: new Map() };
        this.repos.set(key, known);
        known.users.add(uid);
        return known.annotations;
    }

    /** A graph is gone: what it alone has used is forgotten. */
    release(uid: string): void {
        for (const [key, { users }] of this.repos) {
            users.delete(uid);
            if (users.size === 0) this.repos.delete(key);
        }
    }
}
