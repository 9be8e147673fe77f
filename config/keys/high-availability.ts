import { LEAST_NODES } from "../../components/apisix/availability";
import type { Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { isGiven, type Raw } from "../unchecked";
import { haProblems } from "./cluster/checks";
import type { gateway } from "./gateway";
import type * as z from "zod";

type Config = Sound<ParsedGatewayOption>;

/**
 * Checks the settings that let a gateway survive the loss of a node. A check in the cluster, before the first resource,
 * counts the nodes.
 * @param given the config before parsing, which shows which keys are set
 */
export function availabilityProblems(config: Config, given: Raw): string[] {
    const { exposure, gateway } = config;
    const problems = haProblems(config);
    const isNamed = [["gateway", "address"], ["azure"], ["tls"]].some((path) => isGiven(given, ...path));
    if (exposure === "direct" && !isNamed && gateway?.installer !== "existing")
        problems.push(
            "gateway.address: required with exposure direct, unless azure or tls names a host. Set it to the host name or IPv4 address of the load balancer that callers use in front of the nodes.",
        );
    return problems;
}

/** Checks the keys that `gateway.highAvailability` needs. @param given the config before parsing */
export function highAvailabilityChecks(
    config: Config & { gateway?: Sound<z.infer<typeof gateway>> },
    given: Raw,
): string[] {
    const { highAvailability, replicas, installer } = config.gateway ?? {};
    if (highAvailability !== true || installer === "existing") return [];
    const few = isGiven(given, "gateway", "replicas") && replicas !== undefined && replicas < LEAST_NODES;
    return [
        ...availabilityProblems(config, given),
        ...(few && Number.isInteger(replicas) && replicas >= 1
            ? [
                  `gateway.replicas: must be at least ${LEAST_NODES} with gateway.highAvailability (got ${replicas}), so that two pods serve while one is down. Raise it.`,
              ]
            : []),
    ];
}
