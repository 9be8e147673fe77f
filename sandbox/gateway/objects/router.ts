/**
 * Selects a route by its path: an exact path first, then the longest prefix. Routes of the same path are tried by priority.
 * Unsupported: hosts.
 */
import type { Context } from "../request/context";
import type { Route } from "../request/types";

export class Router {
    /** Routes by their paths, prefixes without the final star. */
    private readonly exact = new Map<string, Route[]>();
    private readonly prefixes: [prefix: string, routes: Route[]][];

    constructor(routes: Route[]) {
        const prefixes = new Map<string, Route[]>();
        for (const route of [...routes].sort((a, b) => b.priority - a.priority))
            for (const uri of route.uris) {
                const [table, path] = uri.endsWith("*") ? [prefixes, uri.slice(0, -1)] : [this.exact, uri];
                table.set(path, [...(table.get(path) ?? []), route]);
            }
        this.prefixes = [...prefixes].sort(([a], [b]) => b.length - a.length);
    }

    match(ctx: Context): Route | undefined {
        const found = this.prefixes.filter(([prefix]) => ctx.uri.startsWith(prefix)).flatMap(([, routes]) => routes);
        return [...(this.exact.get(ctx.uri) ?? []), ...found].find(
            ({ methods, vars }) => (!methods?.length || methods.includes(ctx.method)) && vars(ctx.lookup),
        );
    }
}
