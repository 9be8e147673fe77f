import * as z from "zod";
import { cluster } from "../../keys/cluster/schema";
import { movedFrom } from "../../keys/moved-from";
import { acceptKeys } from "../../keys/readiness";
import { consumer, limits, maxOverlapDays } from "../../keys/consumers/schema";
import { got } from "../../problems";
import { consumersFile } from "../../values";

/** The full name of a stack: organization, project and stack. Pulumi accepts this form on every backend. */
const WHOLE_NAME = /^[\w.-]+\/[\w.-]+\/[\w.-]+$/;

const { kubeconfig, context } = cluster.unwrap().shape;

/** Keys of option callers, without the project's prefix. The reference of keys is generated from this schema. */
export const callersSchema = z.strictObject({
    option: z.literal("callers").meta({
        description: "The option of this stack. `callers` adds callers to the gateway of another stack.",
        examples: ["callers"],
    }),
    of: z
        .string()
        .refine((name) => WHOLE_NAME.test(name), {
            error: (i) =>
                `must be the full name of a stack, <organization>/<project>/<stack>${got(i.input)}. Write for example organization/alpa-auth/intra`,
        })
        .meta({
            description:
                "Full name of the stack that has the gateway. Namespace, counters and `url` are those of that stack.",
            examples: ["organization/alpa-auth/intra"],
        }),
    cluster: z
        .strictObject({ kubeconfig, context })
        .prefault({})
        .describe("The cluster that the gateway runs in: the same as in the stack of the gateway."),
    movedFrom,
    readiness: z.strictObject(acceptKeys).prefault({}).describe("Time limits of the waits in a run."),
    limits: limits
        .optional()
        .meta({ description: "Limits of each caller without limits of its own.", unset: "no limits" }),
    maxOverlapDays,
    consumers: z
        .array(consumer.omit({ class: true }))
        .default([])
        .meta({ description: "The callers.", reason: "A new stack has no callers." }),
    consumersFile,
});

export type ParsedCallers = z.infer<typeof callersSchema>;
