import type * as z from "zod";
import type { ApiAccess } from "../api-access";
import { crossCheck, type Sound } from "../cross-check";
import { wording } from "../problems";

/** Keys of a stack config with unchecked values. */
export type Raw = Record<string, unknown>;

/** Arguments of an option's checks other than the values. */
export interface CheckContext {
    /** Whether a key of the stack config, or a value in it, is stored encrypted. */
    isSecret: (key: string, value?: unknown) => boolean;
    /** Current day, which decides which credentials have expired. */
    today: Date;
    /** Access to the Cloudflare API. Default: none, and it is not checked. */
    api?: ApiAccess;
    /** Folder of the stack file, the base of relative paths in it. */
    folder: string;
}

/** Result of reading a stack config. */
interface OptionResult<Settings> {
    issues: z.core.$ZodIssue[];
    /** Returns the settings of the components. Unset if there are issues. */
    settings?: () => Settings;
}

/** One option: its keys, and their conversion into settings. */
export interface OptionDefinition<Settings> {
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
