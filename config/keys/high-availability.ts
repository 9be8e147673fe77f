import { LEAST_NODES } from "../../components/apisix/availability";
import { at, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { isGiven, type Raw } from "../unchecked";
import type { gateway } from "./gateway";
import type * as z from "zod";

type Config = Sound<ParsedGatewayOption>;

/**
 * Checks the settings that let a gateway survive the loss of a node. A check in the cluster, before the first resource,
 * counts the nodes of an existing cluster.
 * @param given the config before parsing, which shows which keys are set
 */
export function* availabilityProblems({ cluster, exposure, gateway }: Config, given: Raw): Problems {
    const nodes = cluster?.nodes?.length ?? LEAST_NODES;
    if (nodes < LEAST_NODES)
        yield at(
            ["cluster", "nodes"],
            `must have at least ${LEAST_NODES} nodes, so that the cluster survives the loss of one (got ${nodes}). Add nodes.`,
        );
    const isNamed = [["gateway", "address"], ["azure"], ["tls"]].some((path) => isGiven(given, ...path));
    if (exposure === "direct" && !isNamed && gateway?.installer !== "existing")
        yield at(
            ["gateway", "address"],
            "required with exposure direct, unless azure or tls names a host. Set it to the host name or IPv4 address of the load balancer that callers use in front of the nodes.",
        );
}

/** Checks the keys that `gateway.highAvailability` needs. @param given the config before parsing */
export function* highAvailabilityChecks(
    config: Config & { gateway?: Sound<z.infer<typeof gateway>> },
    given: Raw,
): Problems {
    const { highAvailability, replicas = LEAST_NODES, installer } = config.gateway ?? {};
    if (highAvailability !== true || installer === "existing") return;
    yield* availabilityProblems(config, given);
    if (isGiven(given, "gateway", "replicas") && Number.isInteger(replicas) && replicas >= 1 && replicas < LEAST_NODES)
        yield at(
            ["gateway", "replicas"],
            `must be at least ${LEAST_NODES} with gateway.highAvailability (got ${replicas}), so that two pods serve while one is down. Raise it.`,
        );
}
