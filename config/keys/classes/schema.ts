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
                    .describe(
                        "Prompts of its callers, all together, at Alpa at the same time; each Alpa service generates for 4 at once. Unset: no share.",
                    ),
                logprobs: positive("a number of requests")
                    .optional()
                    .describe(
                        "Requests to `/logprobs` of its callers, all together, open at the same time. Needs `slots`. Unset: 1.",
                    ),
            })
            .describe("One class; `{}` has no share."),
    )
    .optional()
    .describe("[Priority classes](operations.md#give-batch-callers-a-share) of callers, by name. Unset: none.");

export type ParsedClasses = z.infer<typeof classes>;

/** Key `class` of a caller. */
export const callerClass = z
    .string({ error: () => "must be the name of a class. Correct it" })
    .optional()
    .describe("Which of `classes` this caller is in. Unset: none.");
