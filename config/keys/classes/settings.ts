import type { CallerClass } from "../../../components/route/caller-classes";
import type { ParsedClasses } from "./schema";

/** Default number of open requests to /logprobs of a class. It is low because Alpa computes these requests one at a time. */
const DEFAULT_LOGPROBS = 1;

/** The classes with slots, and their callers. Undefined if there are none. */
export function classSettings(config: {
    classes?: ParsedClasses;
    consumers: { name: string; class?: string }[];
    guard: { maxPrompts: number };
    openai?: object;
}): CallerClass[] | undefined {
    const shares = Object.entries(config.classes ?? {}).flatMap(([name, { slots, logprobs = DEFAULT_LOGPROBS }]) => {
        if (slots === undefined) return [];
        const members = config.consumers.filter((one) => one.class === name).map((one) => one.name);
        if (config.openai !== undefined) return [{ name, members, completions: slots }];
        return [{ name, members, completions: Math.floor(slots / config.guard.maxPrompts), logprobs }];
    });
    return shares.length === 0 ? undefined : shares;
}
