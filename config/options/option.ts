import type * as z from "zod";
import { type CheckContext, at, crossCheck, type Problems, type Sound } from "../cross-check";
import type { ListedCaller } from "../keys/consumers/listed";
import type { Moves } from "../values";
import { pathText, secretCommand, wording } from "../problems";
import { secretsIn } from "../schema";
import type { Raw } from "../unchecked";

export interface CommonSettings {
    warnings: string[];
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    movedFrom: Moves;
    /** Every caller of the config, also with expired credentials. */
    callers: ListedCaller[];
    maxOverlapDays: number;
}

/** What authenticates callers: the gateway of the stack, or Cloudflare's edge. */
export type Authenticator = "gateway" | "edge";

/** One option: its keys, and their conversion into settings. */
export interface OptionDefinition<Settings> {
    authenticator: Authenticator;
    /** Every key, without the project's prefix. */
    schema: z.ZodObject;
    /**
     * Parses the values of the schema's keys. The settings are unset if there are issues.
     * @param given all values that the config sets. Default: `values`
     */
    read(values: Raw, context: CheckContext, given?: Raw): { issues: z.core.$ZodIssue[]; settings?: () => Settings };
}

/** Defines an option. @param check checks several keys together, as a part of the schema */
export function defineOption<Data, Settings>(
    authenticator: Authenticator,
    schema: z.ZodObject & z.ZodType<Data>,
    check: (config: Sound<Data>, given: Raw, context: CheckContext) => Problems,
    settings: (data: Data, context: CheckContext) => Settings,
): OptionDefinition<Settings> {
    return {
        authenticator,
        schema,
        read(values, context, given = values) {
            function* checks(config: Sound<Data>): Problems {
                for (const { path, value, file } of secretsIn(schema, values))
                    if (!context.isSecret(String(path[0]), value))
                        yield at`${path}: must be stored encrypted (it is in the stack file in plain text). Anyone with access to that file can read it: replace it, and run: ${secretCommand(pathText(path), file)}`;
                yield* check(config, given, context);
            }
            const { success, data, error } = schema.check(crossCheck(checks)).safeParse(values, { error: wording });
            if (!success) return { issues: error.issues as z.core.$ZodIssue[] };
            return { issues: [], settings: () => settings(data as Data, context) };
        },
    };
}
