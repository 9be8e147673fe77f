import type { CheckContext, Sound } from "../../cross-check";
import { kubeconfigInPlain } from "../../keys/cluster/checks";
import { credentialProblems } from "../../keys/consumers/credentials";
import { duplicateNames, longCredentials } from "../../keys/consumers/names";
import { shortWaits } from "../../keys/readiness";
import type { ParsedCallers } from "./schema";

/** Checks the keys of option callers against each other. */
export function callersChecks(config: Sound<ParsedCallers>, { isSecret }: CheckContext): string[] {
    const { consumers = [] } = config;
    return [
        ...kubeconfigInPlain(config.cluster, () => isSecret("cluster")),
        ...credentialProblems(consumers, (key) => isSecret("consumers", key)),
        ...shortWaits(config.readiness),
        ...duplicateNames(consumers),
        ...longCredentials(consumers),
    ];
}
