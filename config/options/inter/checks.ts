import type { CheckContext, Sound } from "../../cross-check";
import { availabilityProblems } from "../../keys/high-availability";
import { firewallProblems } from "../../keys/hosts/server-firewall";
import { serverKind } from "../../keys/openai";
import type { Raw } from "../../unchecked";
import type { ParsedInter } from "./schema";

/** Checks the keys of option inter against each other. @param given the config before parsing */
export function interChecks(config: Sound<ParsedInter>, given: Raw, { isSecret }: CheckContext): string[] {
    const kind = serverKind(given);
    return [
        ...availabilityProblems(config, given, "option inter"),
        ...twice(kind, config[kind]?.endpoints ?? []),
        ...firewallProblems(config, given, (value) => isSecret(kind, value)),
    ];
}

function twice(kind: string, endpoints: ({ address?: string } | undefined)[]): string[] {
    const addresses = endpoints.map((one) => one?.address);
    const repeated = addresses.filter((one, i) => one !== undefined && addresses.indexOf(one) !== i);
    return [...new Set(repeated)].map(
        (one) =>
            `${kind}.endpoints: every service must be listed only once (got ${one} twice). Keep one entry, and set its weight.`,
    );
}
