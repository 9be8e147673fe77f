import type { GatewayBinding } from "./gateway-wiring";
import type { Counters } from "./limits";

/** What a stack of callers needs to know of a gateway that another stack made: that stack's output `gateway`. No secrets. */
export interface SharedGateway {
    /** Namespace of the route, and so of every consumer. */
    namespace: string;
    binding: GatewayBinding;
    /** Unset: each APISIX pod counts limits for itself. */
    counters?: Counters;
    /** APISIX pods. Unset: not known, since the gateway is nobody's of this project. */
    replicas?: number;
    /** Entry point of callers, without a trailing slash. */
    url: string;
    /** Longest time one answer may take, in seconds. */
    answerTimeoutSeconds: number;
}
