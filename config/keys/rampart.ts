import * as z from "zod";
import { got } from "../problems";
import { chartName, dnsLabel, pinned, url } from "../values";

/** Key `rampart.install`. */
export const rampartInstall = z.strictObject({
    repository: url.describe("Address of the private chart repository."),
    chart: chartName.default("rampart").describe("Name of the chart in it."),
    version: pinned.describe("Exact chart version."),
    credentialsSecret: dnsLabel
        .describe("Secret with `username` and `password` of the repository, in `rampart.install.namespace`.")
        .optional(),
    namespace: dnsLabel.default("rampart-system").describe("Namespace Rampart runs in."),
});

/** Key `rampart`. */
export const rampart = z
    .strictObject({
        install: rampartInstall
            .optional()
            .describe("Installs Rampart from your private chart. Unset: it must be there."),
        retry: z
            .number()
            .refine((n) => Number.isInteger(n) && n >= 0, {
                error: (i) => `must be a whole number of at least 0${got(i.input)}. Raise it by one`,
            })
            .default(0)
            .describe("Raise it to make Rampart deploy an unchanged graph again after a failure."),
    })
    .optional()
    .describe("Rampart, with installer `rampart`.");
