import { positive } from "../values";

/** Key `waitSeconds` of the options with a gateway. */
export const waitSeconds = positive("a time in seconds").default(2400).meta({
    description:
        "Longest wait for Rampart to deploy the gateway, and for Alpa to start and load its model, in seconds. For one object of a caller, and for Alpa to stop, a run waits a twentieth of it.",
    reason: "Rampart allows 600 s for each layer of charts. A start of Alpa is expected to take 12 minutes.",
});

/** Shortest wait for the ingress controller, which synchronizes everything once a minute, if `waitSeconds` is not shorter. */
const TWO_SYNCS_SECONDS = 120;

/** A wait for something that usually takes seconds. */
export const shortWait = (waitSeconds: number) => Math.ceil(waitSeconds / 20);

/** Time limits of the waits for the ingress controller and for Rampart. */
export function readiness(waitSeconds: number) {
    return {
        graphTimeoutSeconds: waitSeconds,
        acceptTimeoutSeconds: Math.max(shortWait(waitSeconds), Math.min(TWO_SYNCS_SECONDS, waitSeconds)),
        // 15 s by default: the ingress controller reports acceptance before it has written to APISIX.
        settleSeconds: Math.ceil(waitSeconds / 160),
    };
}
