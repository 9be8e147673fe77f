/** What rules compare resources with: the lists of the program's commit, and the config of the stack. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { HIDDEN, jsonIn, textsIn } from "../resources/values";

export interface Facts {
    /** Lists of the program's commit. Undefined if the commit has none: rules then do not compare with them. */
    lists?: Lists;
    /** Texts of the stack's config. Undefined if they are not known: then every text may be in it. */
    config?: ReadonlySet<string>;
}

/** Whether a text is in the stack's config. Every text may be in a config that is not known. */
export const inConfig = ({ config }: Facts, text: unknown) => config === undefined || config.has(String(text));

const groups = z.record(z.string(), z.array(z.string()));
const names = z.array(z.string()).transform((all): ReadonlySet<string> => new Set(all));
const joined = (lists: Record<string, string[]>, by: string) =>
    Object.entries(lists).flatMap(([prefix, all]) => all.map((name) => `${prefix}${by}${name}`));
const schema = z.strictObject({
    types: groups.transform((lists): ReadonlySet<string> => new Set(joined(lists, ":"))),
    annotations: names,
    programs: names,
    sources: names,
    settings: groups.transform((lists) => joined(lists, ".")),
    values: groups,
    scripts: groups.transform((lists): ReadonlySet<string> => new Set(Object.values(lists).flat())),
});

/** What the program of a commit creates (policy/lists.yaml explains each list). */
export type Lists = z.infer<typeof schema>;

export const LISTS_FILE = "policy/lists.yaml";
/** Environment variable of the policy pack with the root folder of the program of another commit. */
export const PROGRAM_VARIABLE = "ALPA_AUTH_POLICY_PROGRAM";

/** The lists of a program; undefined if it has none. @param program root folder of the program */
export function listsOf(program: string): Lists | undefined {
    const file = join(program, LISTS_FILE);
    if (!existsSync(file)) return undefined;
    const read = schema.safeParse(parse(readFileSync(file, "utf8")));
    if (read.success) return read.data;
    throw new Error(`${LISTS_FILE}: ${z.prettifyError(read.error)}`);
}

/**
 * Every text in a stack's config, and the host of each `host:port`. The texts may be secrets.
 * @param config value of each key: a text, or JSON
 * @returns undefined if there is none, or if one is hidden
 */
export function configTexts(config: Record<string, string>): ReadonlySet<string> | undefined {
    const found = new Set<string>();
    for (const text of Object.values(config))
        for (const [, value] of [...textsIn(text), ...textsIn(jsonIn(text))]) {
            found.add(value).add(value.trim());
            const host = /^([^\s:/]+):\d+$/.exec(value)?.[1];
            if (host !== undefined) found.add(host);
        }
    return found.size === 0 || found.has(HIDDEN) ? undefined : found;
}
