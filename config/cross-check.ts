import * as z from "zod";
import { isDeepStrictEqual } from "node:util";
import type { ApiAccess } from "./api-access";
import { isGiven, isMapping, type Raw } from "./unchecked";

export type Path = readonly PropertyKey[];

/** A problem that a check of several keys has found, in complete sentences. A problem of another file has no path. */
export interface Problem {
    path: Path;
    message: string;
}
export type Problems = Iterable<Problem>;

/** A problem, written like its text in the error: at`${path}: message`. The first value is the path, not its text. */
export const at = ([, first, ...rest]: TemplateStringsArray, path: Path, ...values: unknown[]): Problem => ({
    path,
    message: String.raw({ raw: [first.slice(": ".length), ...rest] }, ...values),
});

/**
 * The same problem of each of these keys that a config sets.
 * @param given the config before parsing, which shows that
 * @param keys keys with dots between the names of mappings
 */
export function* unwanted(given: Raw, keys: readonly string[], message: string): Problems {
    for (const path of keys.map((key) => key.split("."))) if (isGiven(given, ...path)) yield at`${path}: ${message}`;
}

/**
 * A parsed value. Each part of a wrong type is undefined, so any key may be absent. Values of the right type are kept, even
 * if they violate another rule.
 */
export type Sound<T> = T extends readonly (infer Entry)[]
    ? (Sound<Entry> | undefined)[]
    : T extends object
      ? { [Key in keyof T]?: Sound<T[Key]> }
      : T;

/** Codes with which zod reports a value of a wrong type. */
const WRONG_KIND = ["invalid_type", "invalid_value", "invalid_union", "invalid_key", "invalid_element"];

/** A check that compares several values. It runs even if other keys have problems, so that one run reports all problems. */
export function crossCheck<T>(check: (config: Sound<T>) => Problems): z.core.$ZodCheck<T> {
    return z.superRefine<T>(
        (value, ctx) => {
            const wrong = ctx.issues.filter(({ code }) => WRONG_KIND.includes(code!)).map(({ path = [] }) => path);
            // The schema already reports a value of a wrong type, and an unknown key.
            const reported = [...wrong, ...ctx.issues.flatMap(unknownKeys)];
            for (const { path, message } of check(soundPart(value, wrong) as Sound<T>))
                if (!reported.some((other) => isDeepStrictEqual(other, path)))
                    ctx.addIssue({ code: "custom", path: [...path], message });
        },
        { when: ({ value }) => isMapping(value) },
    );
}

function unknownKeys(issue: z.core.$ZodRawIssue): PropertyKey[][] {
    if (issue.code !== "unrecognized_keys") return [];
    return (issue.keys as string[]).map((key) => [...(issue.path ?? []), key]);
}

function soundPart(value: unknown, wrong: PropertyKey[][]): unknown {
    if (wrong.length === 0) return value;
    if (wrong.some((path) => path.length === 0)) return undefined;
    const below = (key: PropertyKey) => wrong.filter(([first]) => first === key).map(([, ...rest]) => rest);
    if (Array.isArray(value)) return value.map((entry: unknown, i) => soundPart(entry, below(i)));
    if (!isMapping(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, soundPart(part, below(key))]));
}

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
    /** Text of a path for messages. Callers of a callers file have paths in that file. */
    textOf: (path: Path) => string;
}
