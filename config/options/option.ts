import type * as z from "zod";
import type { ApiAccess } from "../api-access";

/** Keys of a stack config with values that nothing has checked. */
export type Raw = Record<string, unknown>;

/** What an option's checks are given besides the values. */
export interface CheckContext {
    /** Whether a key of the stack config, or a value in it, is stored encrypted. */
    isSecret: (key: string, value?: unknown) => boolean;
    /** Decides which credentials have expired. */
    today: Date;
    /** How the Cloudflare API is reached. Unset: it is not looked at. */
    api?: ApiAccess;
    /** Where the stack file is: files that it names begin there. */
    folder: string;
}

/** What reading a stack config has come to. */
export interface OptionResult<Settings> {
    /** What the schema found. */
    issues: z.core.$ZodIssue[];
    /** What it cannot say: values that only make sense together. */
    problems: string[];
    /** Settings in the shape the components take. Unset: the schema found issues. */
    settings?: () => Settings;
}

/** One option: its keys, and how they become settings. */
export interface OptionDefinition<Settings> {
    /** Every key, without the project's prefix. */
    schema: z.ZodObject;
    read(values: Raw, context: CheckContext): OptionResult<Settings>;
}

/** The part of a result that the schema gives. */
export function parsed<Data, Settings>(
    result: z.ZodSafeParseResult<Data>,
    settings: (data: Data) => Settings,
): Pick<OptionResult<Settings>, "issues" | "settings"> {
    return result.success
        ? { issues: [], settings: () => settings(result.data) }
        : { issues: result.error.issues as z.core.$ZodIssue[] };
}
