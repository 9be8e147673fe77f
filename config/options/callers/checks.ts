import { duplicateNames, list, longCredentials, mapping, shortWaits } from "../../cross-checks";
import { kubeconfigInPlain } from "../../keys/cluster/checks";
import { credentialProblems } from "../../keys/consumers/credentials";

/**
 * What the schema cannot say of option callers. Reads unchecked values, so that nothing hides another problem.
 * @param isSecret whether a key of the stack config, or a value in it, is stored encrypted
 */
export function callersChecks(
    values: Record<string, unknown>,
    isSecret: (key: string, value?: unknown) => boolean,
): string[] {
    const consumers = list(values.consumers).map(mapping);
    return [
        ...kubeconfigInPlain(mapping(values.cluster), () => isSecret("cluster")),
        ...credentialProblems(consumers, (key) => isSecret("consumers", key)),
        ...shortWaits(mapping(values.readiness)),
        ...duplicateNames(consumers),
        ...longCredentials(consumers),
    ];
}
