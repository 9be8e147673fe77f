import * as z from "zod";
import { must } from "../problems";
import { dnsLabel, pinned, url } from "../values";

/** Key `rampart.install`. */
const rampartInstall = z.strictObject({
    repository: url.meta({
        description: "Address of the private chart repository.",
        examples: ["https://charts.example.com/rampart"],
    }),
    version: pinned.meta({ description: "Exact version of Rampart's chart.", examples: ["1.2.3"] }),
    credentialsSecret: dnsLabel
        .meta({
            description: "Secret with `username` and `password` of the repository, in namespace `rampart-system`.",
            examples: ["rampart-repository"],
            unset: "the repository needs no password",
        })
        .optional(),
});

/** Key `rampart`. */
export const rampart = z
    .strictObject({
        install: rampartInstall.optional().meta({
            description: "Installs Rampart from your private chart repository. Rampart has no public repository.",
            unset: "Rampart must already run in the cluster",
        }),
        retry: z
            .number()
            .refine((n) => Number.isInteger(n) && n >= 0, must("be a whole number of at least 0", "Raise it by one"))
            .default(0)
            .meta({
                description:
                    "Counter of retries. Raise it by one to make Rampart deploy an unchanged graph again after a failure: Rampart does not retry by itself.",
                reason: "No retry was requested yet.",
            }),
    })
    .optional()
    .describe("Settings of Rampart, for installer `rampart` only.");
