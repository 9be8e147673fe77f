import type { ConsumerSettings } from "./consumers";
import { OLDEST_APISIX } from "../apisix/version";
import type { Counters } from "../apisix/open-requests";
import type { GatewayBinding } from "../apisix/wiring";
import { COUNTED_APART, hasLimits } from "./limits";

/** Output `gateway` of a stack, which other stacks read to add callers to its gateway. It has no secrets. */
export interface SharedGateway {
    /** Namespace of the route and of every consumer. */
    namespace: string;
    binding: GatewayBinding;
    /** Counter server. Unset if each APISIX pod counts limits for itself. */
    counters?: Counters;
    /** Number of APISIX pods. Unset if unknown, because this project did not install the gateway. */
    replicas?: number;
    /** Entry point of callers, without a trailing slash. */
    url: string;
    /** Longest time for one answer, in seconds. */
    answerTimeoutSeconds: number;
}

/** Warning about tokens at a gateway with an unknown version. */
export const FORGEABLE = `consumers: APISIX before ${OLDEST_APISIX} accepts tokens that are forged with a caller's public key, and the version of the existing gateway is not known. Check it: npm run ops -- check smoke`;

/** Warnings about callers at a gateway that this project did not install. */
export function inPlaceWarnings(consumers: ConsumerSettings[]): string[] {
    const publicKeys = consumers.some(({ credentials }) => credentials.some((one) => "publicKey" in one));
    return [...(hasLimits(consumers) ? [COUNTED_APART] : []), ...(publicKeys ? [FORGEABLE] : [])];
}
