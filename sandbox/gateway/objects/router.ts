/**
 * Selects a route by its path: an exact path first, then the longest prefix. Routes of the same path are tried by priority.
 * Unsupported: hosts.
 */
import type { Context } from "../request/context";
import type { Route } from "../request/types";

export class Router {
    /** Each route with each of its paths, in the order in which they are tried. */
    private readonly paths: [path: string, isPrefix: boolean, route: Route][];

    constructor(routes: Route[]) {
        this.paths = routes
            .flatMap((route) => route.uris.map((uri): [string, Route] => [uri, route]))
            .map(([uri, route]): [string, boolean, Route] => [uri.replace(/\*$/, ""), uri.endsWith("*"), route])
            .sort(
                ([a, isPrefixA, routeA], [b, isPrefixB, routeB]) =>
                    Number(isPrefixA) - Number(isPrefixB) ||
                    (isPrefixA ? b.length - a.length : 0) ||
                    routeB.priority - routeA.priority,
            );
    }

    match(ctx: Context): Route | undefined {
        const { uri } = ctx.target;
        const found = this.paths.find(
            ([path, isPrefix, { methods, vars }]) =>
                (isPrefix ? uri.startsWith(path) : uri === path) &&
                (!methods?.length || methods.includes(ctx.method)) &&
                vars(ctx.lookup),
        );
        return found?.[2];
    }
}
