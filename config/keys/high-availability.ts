import { LEAST_NODES } from "../../components/apisix/availability";
import type { Sound } from "../cross-check";
import type { ParsedGatewayOption } from "../options/gateway/schema";
import type { Raw } from "../options/option";
import { isGiven } from "../unchecked";
import { haProblems } from "./cluster/checks";
import type { gateway } from "./gateway";
import type * as z from "zod";

type Config = Sound<ParsedGatewayOption>;

/**
 * What a gateway that outlives the loss of a node needs besides the nodes, which preflight counts.
 * @param given the same before it was parsed: which keys there are
 * @param promise what asks for it: an option, or a key
 */
export function availabilityProblems(config: Config, given: Raw, promise: string): string[] {
    const { exposure, gateway, tunnel } = config;
    const problems = haProblems(config);
    const isNamed = [["gateway", "address"], ["azure"], ["tls"]].some((path) => isGiven(given, ...path));
    if (exposure === "direct" && !isNamed && gateway?.installer !== "existing")
        problems.push(
            "gateway.address: required with exposure direct, unless azure or tls names a host. Name the host callers use: a load balancer in front of the nodes.",
        );
    if (exposure === "tunnel" && tunnel?.connectors === 1)
        problems.push(
            `tunnel.connectors: must be at least 2 with ${promise} (got 1), or the loss of a node is an outage. Raise it.`,
        );
    return problems;
}

/** What `gateway.highAvailability` needs. @param given the same before it was parsed */
export function highAvailabilityChecks(
    config: Config & { gateway?: Sound<z.infer<typeof gateway>> },
    given: Raw,
): string[] {
    const { highAvailability, replicas, installer } = config.gateway ?? {};
    if (highAvailability !== true || installer === "existing") return [];
    const few = isGiven(given, "gateway", "replicas") && replicas !== undefined && replicas < LEAST_NODES;
    return [
        ...availabilityProblems(config, given, "gateway.highAvailability"),
        ...(few && Number.isInteger(replicas) && replicas >= 1
            ? [
                  `gateway.replicas: must be at least ${LEAST_NODES} with gateway.highAvailability (got ${replicas}), so that two serve while one is down. Raise it.`,
              ]
            : []),
    ];
}
