import type { Resource } from "../../resources/resource";
import { at, list } from "../../resources/values";

/** The classes of a route. Each combination of these fields needs its own form (form.ts). */
export interface Classes {
    /** Number of callers of each class. */
    members: number[];
    /** Behaviour while the counter server is down. Unset if each pod counts on its own. */
    whenDown?: "refuse" | "allow";
}

/** The classes of a route, from its first rule with classes. */
export function classesOf({ props }: Resource): Classes {
    const [found] = list(at(props, "spec.http")).flatMap((rule) =>
        list(at(rule, "plugins")).filter((one) => at(one, "name") === "workflow"),
    );
    const rules = list(at(found, "config.rules"));
    const members = rules.map((rule) => list(list(list(at(rule, "case"))[0])[2]).length);
    const settings = list(list(at(rules[0], "actions"))[0])[1];
    if (at(settings, "policy") === undefined) return { members };
    return { members, whenDown: at(settings, "allow_degradation") === true ? "allow" : "refuse" };
}

/** Example settings of classes with the same numbers of callers. */
export const sampleClasses = ({ members }: Classes) =>
    members.map((count, i) => ({
        name: `sample-class-${i}`,
        members: Array.from({ length: count }, (_, j) => `sample-member-${i}-${j}`),
        completions: 61 + 3 * i,
        logprobs: 161 + 3 * i,
    }));
