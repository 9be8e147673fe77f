import type * as z from "zod";
import { crossCheck, type CheckContext, type Sound } from "../cross-check";
import type { Moves } from "../keys/moved-from";
import { wording } from "../problems";
import type { Raw } from "../unchecked";

/** Settings of every option, in addition to the arguments of its component. */
export interface CommonSettings {
    /** Warnings for the operator. They do not stop the run. */
    warnings: string[];
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** Intended changes of identities. */
    movedFrom: Moves;
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

/**
 * Parses values, with checks of several keys together in the schema.
 * @param check returns problems, each beginning with the path of its key
 */
export function parseOption<Data, Settings>(
    schema: z.ZodType<Data>,
    values: Raw,
    check: (config: Sound<Data>) => string[],
    settings: (data: Data) => Settings,
): OptionResult<Settings> {
    const result = schema.check(crossCheck(check)).safeParse(values, { error: wording });
    return result.success
        ? { issues: [], settings: () => settings(result.data) }
        : { issues: result.error.issues as z.core.$ZodIssue[] };
}
