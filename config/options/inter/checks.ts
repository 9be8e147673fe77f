import type { Sound } from "../../cross-check";
import { availabilityProblems } from "../../keys/high-availability";
import { firewallProblems } from "../../keys/hosts/server-firewall";
import { serverKind } from "../../keys/openai";
import type { Raw } from "../../unchecked";
import type { ParsedInter } from "./schema";

/** Checks the keys of option inter against each other. @param given the config before parsing */
export function interChecks(config: Sound<ParsedInter>, given: Raw): string[] {
    const kind = serverKind(given);
    return [
        ...availabilityProblems(config, given),
        ...twice(kind, config[kind]?.endpoints ?? []),
        ...firewallProblems(config, given),
    ];
}

function twice(kind: string, endpoints: (string | undefined)[]): string[] {
    const repeated = endpoints.filter((one, i) => one !== undefined && endpoints.indexOf(one) !== i);
    return [...new Set(repeated)].map(
        (one) => `${kind}.endpoints: every service must be listed only once (got ${one} twice). Remove one.`,
    );
}
