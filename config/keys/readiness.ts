import * as z from "zod";
import { got } from "../problems";
import { positive } from "../values";

/** Default time limits, in seconds. */
const DEFAULT_READINESS = { graphTimeoutSeconds: 2700, acceptTimeoutSeconds: 120, settleSeconds: 15 };

/** Rejects a time limit below the settle time, since the wait would always fail. */
export function shortWaits({ acceptTimeoutSeconds: accept, settleSeconds: settle }: Waits = {}): string[] {
    if (accept === undefined || settle === undefined || accept > settle) return [];
    return [
        `readiness.acceptTimeoutSeconds: must be longer than settleSeconds, ${settle} (got ${accept}). Raise it, or lower settleSeconds.`,
    ];
}

interface Waits {
    acceptTimeoutSeconds?: number;
    settleSeconds?: number;
}

/** Keys of `readiness` in every option that waits for an ingress controller. */
const acceptKeys = {
    acceptTimeoutSeconds: positive("a time in seconds").default(DEFAULT_READINESS.acceptTimeoutSeconds).meta({
        description: "Longest wait for the ingress controller to accept one object, in seconds.",
        reason: "The ingress controller synchronizes everything once a minute; this is twice that time.",
    }),
    settleSeconds: z
        .number()
        .min(0, { error: (i) => `must be a time in seconds of at least 0${got(i.input)}` })
        .default(DEFAULT_READINESS.settleSeconds)
        .meta({
            description:
                "How long an object must stay accepted before the stack relies on it, in seconds. Used if the stack cannot query the gateway pods.",
            reason: "The ingress controller reports acceptance before it has written to APISIX.",
        }),
};

/** Key `readiness`. */
export const readiness = z
    .strictObject({
        graphTimeoutSeconds: positive("a time in seconds").default(DEFAULT_READINESS.graphTimeoutSeconds).meta({
            description: "Longest wait for Rampart to deploy the gateway, in seconds.",
            reason: "Rampart allows 600 s for each layer of charts.",
        }),
        ...acceptKeys,
    })
    .prefault({})
    .describe("Time limits of the waits in a run.");
