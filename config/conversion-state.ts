import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Settings } from "./options";
import { ProblemList } from "./problem-list";

/** State of a stack's conversion. The commands write it, and it is committed like the stack file. */
const conversionState = z.strictObject({
    /**
     * Name of the lock holder, and the time at which the lock expires without further heartbeats. Unset before the first
     * conversion.
     */
    holder: z.strictObject({ name: z.string(), until: z.iso.datetime() }).optional(),
    /** Seconds of each step during which callers get 503, in the last conversions. */
    measured: z.record(z.string(), z.number().nonnegative()).optional(),
});

export type ConversionState = z.infer<typeof conversionState>;

/**
 * File of the state, next to the records of conversions. Its name must differ from every name of a stack file,
 * `Pulumi.<stack>.yaml`.
 * @param folder folder of the stack files
 * @param stack name without organization and project
 */
export function conversionStateFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "convert", `${stack}.json`);
}

/** @returns an empty state if there is no file @throws ProblemList if the file is invalid */
export function readConversionState(folder: string, stack: string): ConversionState {
    const file = conversionStateFile(folder, stack);
    if (!existsSync(file)) return {};
    const text = readFileSync(file, "utf8");
    try {
        return conversionState.parse(JSON.parse(text));
    } catch (error) {
        const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
        throw new ProblemList("the state of the conversion", [
            `${conversionStateFile("", stack)}: must have the format that convert run writes (${why.replace(/\s+/g, " ")}). Restore the file from git, or delete it if git has no copy.`,
        ]);
    }
}

/** Adds the state of a conversion to the settings of its stack. */
export function withConversionState(settings: Settings, { holder, measured = {} }: ConversionState): Settings {
    if (settings.option === "intra-a") return holder ? { ...settings, holder: holder.name } : settings;
    if (settings.option !== "intra-b") return settings;
    const { conversion, window } = settings;
    return {
        ...settings,
        conversion: { ...conversion, ...(holder && { holder }) },
        window: { ...window, seconds: measured },
    };
}
