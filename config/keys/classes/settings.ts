import type { CallerClass } from "../../../components/route/caller-classes";
import type { ParsedClasses } from "./schema";

/** Requests to /logprobs that a class may have open unless it says otherwise: Alpa computes them one at a time. */
const DEFAULT_LOGPROBS = 1;

/** The classes that have a share, with their callers. Undefined where there are none. */
export function classSettings(config: {
    classes?: ParsedClasses;
    consumers: { name: string; class?: string }[];
    guard: { maxPrompts: number };
}): CallerClass[] | undefined {
    const shares = Object.entries(config.classes ?? {}).flatMap(([name, { slots, logprobs = DEFAULT_LOGPROBS }]) => {
        if (slots === undefined) return [];
        const members = config.consumers.filter((one) => one.class === name).map((one) => one.name);
        return [{ name, members, completions: Math.floor(slots / config.guard.maxPrompts), logprobs }];
    });
    return shares.length === 0 ? undefined : shares;
}
