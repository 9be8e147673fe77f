import { LEAST_NODES } from "../../components/apisix/availability";
import { mapping } from "../cross-checks";
import { haProblems } from "./cluster/checks";

type Raw = Record<string, unknown>;

/**
 * What a gateway that outlives the loss of a node needs besides the nodes, which preflight counts.
 * @param promise what asks for it: an option, or a key
 */
export function availabilityProblems(values: Raw, promise: string): string[] {
    const [gateway, tunnel] = [values.gateway, values.tunnel].map(mapping);
    const { exposure = "direct" } = values;
    const problems = haProblems(values);
    const isNamed = [gateway.address, values.azure, values.tls].some((one) => one !== undefined);
    if (exposure === "direct" && !isNamed && gateway.installer !== "existing")
        problems.push(
            "gateway.address: required with exposure direct, without azure and tls. Name the host callers use: a load balancer in front of the nodes.",
        );
    if (exposure === "tunnel" && tunnel.connectors === 1)
        problems.push(
            `tunnel.connectors: must be at least 2 with ${promise} (got 1), or the loss of a node is an outage. Raise it.`,
        );
    return problems;
}

/** What `gateway.highAvailability` needs. Reads unchecked values, so that nothing hides another problem. */
export function highAvailabilityChecks(values: Raw): string[] {
    const { highAvailability, replicas, installer } = mapping(values.gateway);
    if (highAvailability !== true || installer === "existing") return [];
    const few = Number.isInteger(replicas) && (replicas as number) >= 1 && (replicas as number) < LEAST_NODES;
    return [
        ...availabilityProblems(values, "gateway.highAvailability"),
        ...(few
            ? [
                  `gateway.replicas: must be at least ${LEAST_NODES} with gateway.highAvailability (got ${replicas}), so that two serve when one is away. Raise it.`,
              ]
            : []),
    ];
}
