import * as z from "zod";
import { cluster } from "../../keys/cluster/schema";
import { acceptKeys } from "../../keys/readiness";
import { consumer, limits } from "../../keys/consumers/schema";
import { got } from "../../problems";
import { consumersFile, maxOverlapDays } from "../../values";

/** As Pulumi takes a stack of another project or organisation: all three parts, on every backend. */
const WHOLE_NAME = /^[\w.-]+\/[\w.-]+\/[\w.-]+$/;

const { kubeconfig, context } = cluster.unwrap().shape;

/** Keys of option callers, without the project's prefix. `docs/configuration.md` is compared with this. */
export const callersSchema = z.strictObject({
    option: z
        .literal("callers")
        .describe("Which of the designs this stack is: `callers`, more callers of a gateway that another stack made."),
    of: z
        .string()
        .refine((name) => WHOLE_NAME.test(name), {
            error: (i) =>
                `must be the whole name of a stack, <organization>/<project>/<stack>${got(i.input)}. Write for example organization/alpa-auth/intra`,
        })
        .describe(
            "The stack that made the gateway, as `organization/alpa-auth/intra`. Namespace, binding, counters and `url` are its.",
        ),
    cluster: z
        .strictObject({ kubeconfig, context })
        .prefault({})
        .describe("The cluster the gateway runs in: the same as that stack's."),
    readiness: z
        .strictObject(acceptKeys)
        .prefault({})
        .describe("How long to wait, and for how long a state must hold."),
    limits: limits
        .optional()
        .describe("What each caller may use, where it has no such limit of its own. Unset: no limit."),
    maxOverlapDays,
    consumers: z
        .array(consumer.omit({ class: true }))
        .default([])
        .describe("The callers. Empty: this stack admits no caller."),
    consumersFile,
});

export type ParsedCallers = z.infer<typeof callersSchema>;
