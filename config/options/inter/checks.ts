import { at, type Problems, type Sound } from "../../cross-check";
import { availabilityProblems } from "../../keys/high-availability";
import { firewallProblems } from "../../keys/hosts/server-firewall";
import { serverKind } from "../../keys/openai";
import type { Raw } from "../../unchecked";
import type { ParsedInter } from "./schema";
import { repeated } from "../../keys/consumers/names";

/** Checks the keys of option inter against each other. @param given the config before parsing */
export function* interChecks(config: Sound<ParsedInter>, given: Raw): Problems {
    const kind = serverKind(given);
    const endpoints = config[kind]?.endpoints ?? [];
    yield* availabilityProblems(config, given);
    for (const one of repeated(endpoints))
        yield at([kind, "endpoints"], `every service must be listed only once (got ${one} twice). Remove one.`);
    yield* firewallProblems(config, given);
}
