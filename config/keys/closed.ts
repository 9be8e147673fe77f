import * as z from "zod";
import { enabled, reason, reasonFor } from "./reason";

/** Default value of `Retry-After` in the 503 of a closed gateway, in seconds. */
export const RETRY_AFTER_SECONDS = 60;

/** Key `gateway.closed`. */
export const closed = z
    .strictObject({
        enabled: enabled.default(false).meta({
            description:
                "Whether every caller gets 503 with `Retry-After`. The gateway closes before Alpa in the cluster changes, and opens when Alpa is ready.",
            reason: "The gateway serves its callers.",
        }),
        reason: reason.meta({
            description: "Reason why the gateway is closed. Required with `enabled: true`; each run then warns.",
            examples: ["new version of the model"],
            unset: "not set",
        }),
    })
    .check(reasonFor({ enabled: true }, "Give the reason why callers may get 503"))
    .prefault({})
    .meta({
        description: "Closes the gateway for maintenance, for example for a new version of the model.",
        examples: [{ enabled: true, reason: "new version of the model" }],
    });
