import type * as z from "zod";
import { type CheckContext, at, crossCheck, type Problems, type Sound } from "../cross-check";
import type { ListedCaller } from "../keys/consumers/listed";
import type { Moves } from "../values";
import { pathText, secretCommand, wording } from "../problems";
import { secretsIn } from "../schema";
import type { Raw } from "../unchecked";

/** Settings of every option, in addition to the arguments of its component. */
export interface CommonSettings {
    /** Warnings for the operator. They do not stop the run. */
    warnings: string[];
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** Intended changes of identities. */
    movedFrom: Moves;
    /** Every caller of the config, also with expired credentials. */
    callers: ListedCaller[];
    maxOverlapDays: number;
}

/** Result of reading a stack config. */
interface OptionResult<Settings> {
    issues: z.core.$ZodIssue[];
    /** Returns the settings of the components. This field is unset if there are issues. */
    settings?: () => Settings;
}

/** What authenticates callers: the gateway of the stack, or Cloudflare's edge. */
export type Authenticator = "gateway" | "edge";

/** One option: its keys, and their conversion into settings. */
export interface OptionDefinition<Settings> {
    authenticator: Authenticator;
    /** Every key, without the project's prefix. */
    schema: z.ZodObject;
    read(values: Raw, context: CheckContext): OptionResult<Settings>;
}

/** Parses values, with checks of several keys together in the schema. */
export function parseOption<Data, Settings>(
    schema: z.ZodType<Data>,
    values: Raw,
    { isSecret }: Pick<CheckContext, "isSecret">,
    check: (config: Sound<Data>) => Problems,
    settings: (data: Data) => Settings,
): OptionResult<Settings> {
    function* checks(config: Sound<Data>): Problems {
        for (const { path, value, file } of secretsIn(schema, values))
            if (!isSecret(String(path[0]), value))
                yield at`${path}: must be stored encrypted (it is in the stack file in plain text). Anyone with access to that file can read it: replace it, and run: ${secretCommand(pathText(path), file)}`;
        yield* check(config);
    }
    const result = schema.check(crossCheck(checks)).safeParse(values, { error: wording });
    return result.success
        ? { issues: [], settings: () => settings(result.data) }
        : { issues: result.error.issues as z.core.$ZodIssue[] };
}
