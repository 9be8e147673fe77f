import { firewallProblems } from "../../keys/hosts/alpa-firewall";
import { availabilityProblems } from "../../keys/high-availability";
import { list, mapping } from "../../cross-checks";

type Raw = Record<string, unknown>;

/**
 * What the schema cannot say of option inter. Reads unchecked values, so that nothing hides another problem.
 * @param isSecret whether a key of the stack config, or a value in it, is stored encrypted
 */
export function interChecks(values: Raw, isSecret: (key: string, value?: unknown) => boolean): string[] {
    const alpa = mapping(values.alpa);
    return [
        ...availabilityProblems(values, "option inter"),
        ...twice(list(alpa.endpoints)),
        ...firewallProblems(values, (value) => isSecret("alpa", value)),
    ];
}

function twice(endpoints: unknown[]): string[] {
    const addresses = endpoints.map((one) => (typeof one === "string" ? one : mapping(one).address));
    const repeated = addresses.filter((one, i) => typeof one === "string" && addresses.indexOf(one) !== i);
    return [...new Set(repeated)].map(
        (one) => `alpa.endpoints: every service must be named once (got ${String(one)} twice). Give it one weight.`,
    );
}
