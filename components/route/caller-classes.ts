import { openRequests, type Counters } from "../apisix/open-requests";
import { plugin, type RoutePlugin } from "./route-plugin";

/** A class of callers that share slots of Alpa. */
export interface CallerClass {
    name: string;
    /** Names of its consumers, at least one. */
    members: string[];
    /** Requests to /completions that all of them together may have open at the same time. */
    completions: number;
    /** The same for /logprobs, which is counted apart. */
    logprobs: number;
}

/** Settings of the classes of a stack. */
export interface ClassSettings {
    /** Unset: no class has slots. */
    classes?: CallerClass[];
    /** Unset: each APISIX pod counts for itself. */
    counters?: Counters;
}

/**
 * Holds the callers of each class together to the share of it. A plugin of the route, not of the consumers: what a consumer
 * brings is counted for it alone (docs/decisions/0044-a-class-has-a-share.md).
 *
 * APISIX 3.18 runs no plugin again that was an action here (plugin.lua, `skip_plugin`; added between 3.17 and 3.18): a member has no
 * limit of its own on open requests. The count belongs to the route and to the settings of the action: members come and go without a
 * change of it, and another share starts a new count.
 * @param namespace of the consumers
 */
export function classPlugins(
    path: "/completions" | "/logprobs",
    namespace: string,
    { classes = [], counters }: ClassSettings,
): RoutePlugin[] {
    if (classes.length === 0) return [];
    const rules = classes.map(({ name, members, ...most }) => {
        const open = most[path === "/completions" ? "completions" : "logprobs"];
        return {
            case: [["consumer_name", "in", members.map((member) => `${namespace}_${member}`)]],
            // The variable is the same in every request of the route, so all members are counted as one.
            actions: [["limit-conn", openRequests(open, "route_id", classIsFull(name, open), counters)]],
        };
    });
    return [plugin("workflow", { rules })];
}

/** The message of a 429 when the class of a caller is full; the review of a change reads the class from it. */
function classIsFull(name: string, open: number): string {
    return `class ${name} is full: the open requests of all its callers are limited to ${open}`;
}

/** Name of a class in what {@link classPlugins} renders for it; undefined where it is something else. */
export function classNamed(message: unknown): string | undefined {
    return /^class (\S+) is full: /.exec(String(message))?.[1];
}
