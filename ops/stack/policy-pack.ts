/** The policy pack of the clone: every `pulumi up` of the operators' commands runs under it. */
import { join } from "node:path";
import { PROGRAM_VARIABLE } from "../../policy/rules/facts";
import { UsageError } from "../errors";
import type { PulumiRunner } from "./pulumi";

/** Environment variable with the reason for a run without the pack. */
export const WITHOUT_PACK = "ALPA_AUTH_NO_POLICY_BECAUSE";
const LEAST_REASON = 10;

/** Arguments with which Pulumi runs the policy pack. @param root root of the clone */
export function packOf(root: string): string[] {
    return [`--policy-pack=${join(root, "policy")}`];
}

/**
 * Wraps Pulumi so that every `pulumi up`, except of a single revocation, runs under the policy pack of this clone. The
 * program of another commit (`--cwd`) is compared with the lists in its own commit.
 * @param because why Pulumi must run without the pack. Each run prints this reason
 */
export function underPolicy(
    pulumi: PulumiRunner,
    root: string,
    because: string | undefined,
    note: (line: string) => void,
): PulumiRunner {
    return (args, options) => {
        // Checks the reason here, because the first call of Pulumi comes before any edit of a stack file.
        if (because && because.trim().length < LEAST_REASON)
            throw new UsageError([
                `${WITHOUT_PACK}: must give a reason of at least ${LEAST_REASON} characters. Unset it to run under the policy pack.`,
            ]);
        // With --target, Pulumi gives the pack resources without properties, if the run does not create them.
        if (args[0] !== "up" || args.includes("--target")) return pulumi(args, options);
        const other = args.indexOf("--cwd");
        const env = other < 0 ? undefined : { [PROGRAM_VARIABLE]: args[other + 1] };
        if (!because) return pulumi([...args, ...packOf(root)], { ...options, env });
        note(`warning: pulumi up runs without the policy pack (${WITHOUT_PACK}: ${because.trim()})`);
        return pulumi(args, options);
    };
}
