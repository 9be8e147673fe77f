/** The policy pack of the clone: every `pulumi up` of the operators' commands runs under it. */
import { join } from "node:path";
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
 * Wraps Pulumi so that every `up` runs under the policy pack of this clone. This also applies to an earlier program, since
 * the current rules are in force.
 * @param because reason for running without the pack, which is printed at each run
 */
export function underPolicy(
    pulumi: PulumiRunner,
    root: string,
    because: string | undefined,
    note: (line: string) => void,
): PulumiRunner {
    return (args, options) => {
        // The reason is checked at the first call, before any stack file is written.
        if (because && because.trim().length < LEAST_REASON)
            throw new UsageError([
                `${WITHOUT_PACK}: must give a reason of at least ${LEAST_REASON} characters. Unset it to run under the policy pack.`,
            ]);
        if (args[0] !== "up") return pulumi(args, options);
        if (!because) return pulumi([...args, ...packOf(root)], options);
        note(`warning: without the policy pack (${WITHOUT_PACK}: ${because.trim()})`);
        return pulumi(args, options);
    };
}

/** The pack's part of Pulumi's text output: from its heading to the next one. Undefined if there is none. */
export function packWords(printed: string): string | undefined {
    // eslint-disable-next-line no-control-regex -- colours
    const lines = printed.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
    const from = lines.indexOf("Policies:");
    if (from < 0) return undefined;
    const length = lines.slice(from + 1).findIndex((line) => line.trim() === "");
    const findings = lines.slice(from + 1, length < 0 ? undefined : from + 1 + length);
    return `policy pack: it rejects the change:\n${findings.join("\n")}`;
}
