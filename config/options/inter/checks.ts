import { firewallProblems } from "../../keys/hosts/alpa-firewall";
import { haProblems } from "../../keys/cluster/checks";
import { list, mapping } from "../../cross-checks";

type Raw = Record<string, unknown>;

/**
 * What the schema cannot say of option inter. Reads unchecked values, so that nothing hides another problem.
 * @param isSecret whether a key of the stack config, or a value in it, is stored encrypted
 */
export function interChecks(values: Raw, isSecret: (key: string, value?: unknown) => boolean): string[] {
    const [alpa, gateway, tunnel] = [values.alpa, values.gateway, values.tunnel].map(mapping);
    const { exposure = "azure" } = values;
    const problems = [
        ...haProblems(values),
        ...twice(list(alpa.endpoints)),
        ...firewallProblems(values, (value) => isSecret("alpa", value)),
    ];
    const named = [gateway.address, values.azure, values.tls].some((one) => one !== undefined);
    if (exposure === "azure" && !named && gateway.installer !== "existing")
        problems.push(
            "gateway.address: required with exposure azure, without azure and tls. Name the host callers use: a load balancer in front of the nodes.",
        );
    if (exposure === "cloudflare" && tunnel.replicas === 1)
        problems.push(
            "tunnel.replicas: must be at least 2 with option inter (got 1), or the loss of a node is an outage. Raise it.",
        );
    return problems;
}

function twice(endpoints: unknown[]): string[] {
    const addresses = endpoints.map((one) => (typeof one === "string" ? one : mapping(one).address));
    const repeated = addresses.filter((one, i) => typeof one === "string" && addresses.indexOf(one) !== i);
    return [...new Set(repeated)].map(
        (one) => `alpa.endpoints: every service must be named once (got ${String(one)} twice). Give it one weight.`,
    );
}
