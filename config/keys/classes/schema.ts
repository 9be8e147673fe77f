import * as z from "zod";
import { positive } from "../../values";

/** Key `classes`. */
export const classes = z
    .record(
        z.string(),
        z
            .strictObject({
                slots: positive("a number of slots")
                    .optional()
                    .meta({
                        description:
                            "Number of prompts that all callers of the class together may have in progress at Alpa. Each Alpa service generates for 4 prompts at once.",
                        examples: [2],
                        unset: "the class has no limit on prompts",
                    }),
                logprobs: positive("a number of requests")
                    .optional()
                    .meta({
                        description:
                            "Number of requests to `/logprobs` that all callers of the class together may have open. Needs `slots`.",
                        examples: [2],
                        unset: "`1`",
                        reason: "Alpa computes requests to `/logprobs` one at a time.",
                    }),
            })
            .describe("One class. `{}` is a class without limits."),
    )
    .optional()
    .meta({
        description: "Priority classes of callers, by name.",
        examples: [{ interactive: {}, batch: { slots: 2 } }],
        unset: "no classes",
    });

export type ParsedClasses = z.infer<typeof classes>;

/** Key `class` of a caller. */
export const callerClass = z
    .string({ error: () => "must be the name of a class" })
    .optional()
    .meta({ description: "Class of the caller: a name in `classes`.", examples: ["batch"], unset: "no class" });
