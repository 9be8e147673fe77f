/**
 * Selects a route like the router radixtree_host_uri: the most specific host first, then an exact path, then the longest
 * prefix.
 */
import type { Context } from "../request/context";
import { matchesNetwork } from "../lua/expr";
import type { Route } from "../request/types";

class PathRouter {
    private exact = new Map<string, Route[]>();
    private prefixes: [prefix: string, routes: Route[]][] = [];

    add(uri: string, route: Route): void {
        if (!uri.endsWith("*")) {
            this.exact.set(uri, byPriority([...(this.exact.get(uri) ?? []), route]));
            return;
        }
        const prefix = uri.slice(0, -1);
        const known = this.prefixes.find(([p]) => p === prefix);
        if (known) known[1] = byPriority([...known[1], route]);
        else this.prefixes.push([prefix, [route]]);
        this.prefixes.sort(([a], [b]) => b.length - a.length);
    }

    match(ctx: Context): Route | undefined {
        const exact = this.exact.get(ctx.uri)?.find((route) => accepts(route, ctx));
        if (exact) return exact;
        for (const [prefix, routes] of this.prefixes) {
            const route = ctx.uri.startsWith(prefix) ? routes.find((r) => accepts(r, ctx)) : undefined;
            if (route) return route;
        }
        return undefined;
    }
}

function byPriority(routes: Route[]): Route[] {
    return routes.sort((a, b) => b.priority - a.priority);
}

function accepts(route: Route, ctx: Context): boolean {
    if (route.methods && route.methods.length > 0 && !route.methods.includes(ctx.method)) return false;
    if (route.remoteAddrs.length > 0 && !matchesNetwork(ctx.remoteAddress, route.remoteAddrs)) return false;
    return route.vars === undefined || route.vars(ctx.lookup);
}

export class Router {
    private hosts = new Map<string, PathRouter>();
    private wildcards: [suffix: string, router: PathRouter][] = [];
    private anyHost = new PathRouter();

    constructor(routes: Iterable<Route>) {
        for (const route of routes) {
            for (const uri of route.uris) {
                if (route.hosts.length === 0) this.anyHost.add(uri, route);
                for (const host of route.hosts) this.forHost(host).add(uri, route);
            }
        }
        this.wildcards.sort(([a], [b]) => b.length - a.length);
    }

    match(ctx: Context): Route | undefined {
        const host = ctx.host;
        const exact = this.hosts.get(host)?.match(ctx);
        if (exact) return exact;
        for (const [suffix, router] of this.wildcards) {
            const route = host.endsWith(suffix) ? router.match(ctx) : undefined;
            if (route) return route;
        }
        return this.anyHost.match(ctx);
    }

    private forHost(host: string): PathRouter {
        if (!host.startsWith("*")) {
            const known = this.hosts.get(host) ?? new PathRouter();
            this.hosts.set(host, known);
            return known;
        }
        const suffix = host.slice(1);
        const known = this.wildcards.find(([s]) => s === suffix)?.[1];
        if (known) return known;
        const made = new PathRouter();
        this.wildcards.push([suffix, made]);
        return made;
    }
}
