import type { CallerClass } from "../../../components/route/caller-classes";
import type { ParsedClasses } from "./schema";

/** Number of open requests to /logprobs of a class. It is low because Alpa computes these requests one at a time. */
const OPEN_LOGPROBS = 1;

/** The classes and their callers. Undefined if there are none. */
export function classSettings(config: {
    classes?: ParsedClasses;
    consumers: { name: string; class?: string }[];
    guard: { maxPrompts: number };
    openai?: object;
}): CallerClass[] | undefined {
    const shares = Object.entries(config.classes ?? {}).map(([name, slots]) => {
        const members = config.consumers.filter((one) => one.class === name).map((one) => one.name);
        if (config.openai !== undefined) return { name, members, completions: slots };
        return { name, members, completions: Math.floor(slots / config.guard.maxPrompts), logprobs: OPEN_LOGPROBS };
    });
    return shares.length === 0 ? undefined : shares;
}
