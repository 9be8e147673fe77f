import * as z from "zod";
import { pathText } from "./problems";
import { isMapping } from "./unchecked";

/**
 * A parsed value without its parts that are of a wrong kind: each key may be absent. What has the right kind and breaks
 * another rule is there.
 */
export type Sound<T> = T extends readonly (infer Entry)[]
    ? (Sound<Entry> | undefined)[]
    : T extends object
      ? { [Key in keyof T]?: Sound<T[Key]> }
      : T;

/** Codes of issues that say that a value is of a wrong kind. */
const WRONG_KIND = ["invalid_type", "invalid_value", "invalid_union", "invalid_key", "invalid_element"];

/**
 * A check of values that only make sense together. It runs whatever else is wrong, so that all problems are reported together.
 * @param check gives problems, each with its place in front
 */
export function crossCheck<T>(check: (config: Sound<T>) => string[]): z.core.$ZodCheck<T> {
    const always = z.check<T>((ctx) => {
        const wrong = ctx.issues.filter(({ code }) => WRONG_KIND.includes(code!)).map(({ path = [] }) => path);
        const places = wrong.map((path) => `${pathText(path)}: `);
        const problems = check(soundPart(ctx.value, wrong) as Sound<T>);
        for (const message of problems)
            // What is of a wrong kind has its problem already, and is not missing.
            if (!places.some((place) => message.startsWith(place)))
                ctx.issues.push({ code: "custom", input: undefined, path: [], message });
    });
    always._zod.def.when = ({ value }) => isMapping(value);
    return always;
}

function soundPart(value: unknown, wrong: PropertyKey[][]): unknown {
    if (wrong.length === 0) return value;
    if (wrong.some((path) => path.length === 0)) return undefined;
    const below = (key: PropertyKey) => wrong.filter(([first]) => first === key).map(([, ...rest]) => rest);
    if (Array.isArray(value)) return value.map((entry: unknown, i) => soundPart(entry, below(i)));
    if (!isMapping(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, soundPart(part, below(key))]));
}
