import { plainAddress } from "../../../dns/names";
import type { CheckContext, Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { tlsProblems } from "../tls/checks";

/**
 * Checks the keys of exposure direct against each other, in every option. @param given the config before parsing
 */
export function azureChecks(config: Sound<ParsedGatewayOption>, given: Raw, context: CheckContext): string[] {
    if (given.exposure === "tunnel") return [];
    const problems: string[] = [];
    const { azure, gateway } = config;
    const hasAddress = isGiven(given, "gateway", "address");
    if (isGiven(given, "azure") && gateway?.installer === "existing")
        problems.push("azure: only valid for a gateway that this stack installs (got installer existing). Remove it.");
    if (isGiven(given, "azure") && hasAddress)
        problems.push("gateway.address: must not be set with azure.hostname, since callers use that name. Remove it.");
    else if (isGiven(given, "tls") && hasAddress)
        problems.push(
            "gateway.address: must not be set with tls, since callers use the first of tls.hostnames. Remove it.",
        );
    return [...problems, ...repeated(azure?.addresses ?? []), ...tlsProblems(config, given, context)];
}

function repeated(addresses: (string | undefined)[]): string[] {
    const plain = addresses.map((one) => one && plainAddress(one));
    return addresses.flatMap((one, i) => {
        const first = plain.indexOf(plain[i]);
        if (first === i || one === undefined) return [];
        return [
            `azure.addresses[${i}]: must be listed only once (got ${JSON.stringify(one)}, which is azure.addresses[${first}] too). Remove it.`,
        ];
    });
}
