import { plainAddress } from "../../../dns/names";
import type { CheckContext } from "../../check-context";
import { at, type Problems, type Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { repeats } from "../../values";
import { tlsProblems } from "../tls/checks";

/** Checks the keys of exposure direct against each other, in every option. @param given the config before parsing */
export function* azureChecks(config: Sound<ParsedGatewayOption>, given: Raw, context: CheckContext): Problems {
    if (given.exposure === "tunnel") return;
    const { azure, gateway } = config;
    const hasAddress = isGiven(given, "gateway", "address");
    if (isGiven(given, "azure") && gateway?.installer === "existing")
        yield at(["azure"], "only valid for a gateway that this stack installs (got installer existing). Remove it.");
    if (isGiven(given, "azure") && hasAddress)
        yield at(
            ["gateway", "address"],
            "must not be set with azure.hostname, since callers use that name. Remove it.",
        );
    else if (isGiven(given, "tls") && hasAddress)
        yield at(
            ["gateway", "address"],
            "must not be set with tls, since callers use the first of tls.hostnames. Remove it.",
        );
    const addresses = azure?.addresses ?? [];
    for (const [i, first] of repeats(addresses.map((one) => one && plainAddress(one))))
        yield at(
            ["azure", "addresses", i],
            `must be listed only once (got ${JSON.stringify(addresses[i])}, which is azure.addresses[${first}] too). Remove it.`,
        );
    yield* tlsProblems(config, given, context);
}
