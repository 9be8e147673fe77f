import * as z from "zod";
import { positive } from "../../values";

/** Key `classes`. */
export const classes = z
    .record(z.string(), positive("a number of slots"))
    .optional()
    .meta({
        description:
            "Classes of callers by name, each with its slots: the number of prompts that all callers of the class together may have in progress at the server. Each Alpa service generates for 4 prompts at once.",
        examples: [{ batch: 2 }],
        unset: "no classes",
    });

export type ParsedClasses = z.infer<typeof classes>;

/** Key `class` of a caller. */
export const callerClass = z
    .string({ error: () => "must be the name of a class" })
    .optional()
    .meta({ description: "Class of the caller: a name in `classes`.", examples: ["batch"], unset: "no class" });
