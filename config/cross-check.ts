import * as z from "zod";
import type { ApiAccess } from "./api-access";
import { pathText } from "./problems";
import { isMapping } from "./unchecked";

/**
 * A parsed value. Each part of a wrong type is undefined, so any key may be absent. Values of the right type are kept, even
 * if they violate another rule.
 */
export type Sound<T> = T extends readonly (infer Entry)[]
    ? (Sound<Entry> | undefined)[]
    : T extends object
      ? { [Key in keyof T]?: Sound<T[Key]> }
      : T;

/** Facts for the checks of an option that are not in the config values. */
export interface CheckContext {
    /**
     * Whether a key of the stack config is stored encrypted. With a second argument: whether this value inside the key is
     * stored encrypted.
     */
    isSecret: (key: string, value?: unknown) => boolean;
    /** Current day, which decides which credentials have expired. */
    today: Date;
    /** Access to the Cloudflare API. Default: none; the check of the API token is then skipped. */
    api?: ApiAccess;
    /** Folder of the stack file, the base of relative paths in it. */
    folder: string;
}

/** Codes with which zod reports a value of a wrong type. */
const WRONG_KIND = ["invalid_type", "invalid_value", "invalid_union", "invalid_key", "invalid_element"];

/**
 * A check that compares several values. It runs even if other keys have problems, so that one run reports all problems.
 * @param check returns problems, each beginning with the path of its key
 */
export function crossCheck<T>(check: (config: Sound<T>) => string[]): z.core.$ZodCheck<T> {
    const always = z.check<T>((ctx) => {
        const wrong = ctx.issues.filter(({ code }) => WRONG_KIND.includes(code!)).map(({ path = [] }) => path);
        const places = wrong.map((path) => `${pathText(path)}: `);
        const problems = check(soundPart(ctx.value, wrong) as Sound<T>);
        for (const message of problems)
            // The schema already reports a value of a wrong type.
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
