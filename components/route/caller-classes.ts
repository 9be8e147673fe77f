import type { AlpaPath } from "../alpa/paths";
import { openRequests, type Counters } from "../apisix/open-requests";
import { OVER_OPEN, plugin, type RoutePlugin } from "./route-plugin";

/** A class of callers that share slots of Alpa. */
export interface CallerClass {
    name: string;
    /** Names of its consumers, at least one. */
    members: string[];
    /** Largest number of requests to /completions, or to each path of another server, that the members together may have open. */
    completions: number;
    /** The same for /logprobs, which is a separate limit. Unset for another server than Alpa. */
    logprobs?: number;
}

/** Settings of the classes of a stack. */
export interface ClassSettings {
    /** The caller classes, each with its share of open requests. Default: no classes. */
    classes?: CallerClass[];
    /** Counter server. Default: none, and each APISIX pod counts for itself. */
    counters?: Counters;
}

/**
 * Limits the callers of each class together to the share of the class. The plugin is part of the route, because a plugin of
 * a consumer counts only that consumer (docs/decisions/0007-limits-and-classes.md).
 *
 * The plugin `workflow` runs `limit-conn` as an action for the class. After that, APISIX 3.18 does not run the `limit-conn`
 * of the consumer (`skip_plugin` in plugin.lua, added between 3.17 and 3.18). So a member cannot have its own limit on open
 * requests.
 *
 * The count belongs to the route and to the settings of the action. A change of the members keeps the count. A change of the
 * limit starts a new count.
 * @param namespace namespace of the consumers
 */
export function classPlugins(
    path: `/${AlpaPath}`,
    namespace: string,
    { classes = [], counters }: ClassSettings,
): RoutePlugin[] {
    if (classes.length === 0) return [];
    const most = (one: CallerClass) => (path === "/completions" ? one.completions : one.logprobs!);
    return [plugin("workflow", { rules: classRules(namespace, { classes, counters }, most) })];
}

/** Rules of the plugin `workflow` for the classes. @param most largest number of open requests of a class */
export function classRules(
    namespace: string,
    { classes = [], counters }: ClassSettings,
    most: (one: CallerClass) => number,
) {
    return classes.map((one) => {
        const { name, members } = one;
        const open = most(one);
        return {
            case: [["consumer_name", "in", members.map((member) => `${namespace}_${member}`)]],
            // The variable has the same value in every request of the route, so all members share one count.
            actions: [["limit-conn", openRequests(open, "route_id", classIsFull(name, open), counters)]],
        };
    });
}

/** Message of a 429 when the class of a caller is full. */
function classIsFull(name: string, open: number): string {
    return `${OVER_OPEN.class} ${name} is full: the open requests of all its callers are limited to ${open}`;
}
