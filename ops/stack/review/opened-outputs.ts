/** Outputs of the stack that are secret in the state, and in plain text in a plan that `pulumi preview --save-plan` wrote. */
import { isWrappedSecret, nameIn } from "../../../policy/resources/resource";
import { hasUnknown, isMap, type Tree } from "../../../policy/resources/values";
import { finding, type Finding } from "./finding";
import type { Exported } from "./preview";

/** `DeploymentPlanV1` of the Pulumi CLI (sdk/go/common/apitype/plan.go at 3.274.1). */
interface Plan {
    resourcePlans: Record<string, { goal?: { type: string; outputDiff?: { updates?: Tree } } }>;
}

/** Only a plan has this: a preview shows no new outputs, and the policy pack gets them without the marks of secrets. */
export function openedOutputs(plan: string, { resources = [] }: Exported): Finding[] {
    return Object.entries((JSON.parse(plan) as Plan).resourcePlans).flatMap(([urn, { goal }]) => {
        if (goal?.type !== "pulumi:pulumi:Stack") return [];
        const old = resources.find((resource) => resource.urn === urn)?.outputs ?? {};
        const changed = Object.entries(goal.outputDiff?.updates ?? {});
        return changed
            .filter(([name, now]) => isOpened(old[name], now))
            .map(([name]) =>
                finding(
                    "protection-weakened",
                    `Output ${name} of the stack is no longer secret: state, plans and logs show its values in plain text`,
                    { severity: "breaks-callers", evidence: [{ resource: nameIn(urn), urn, property: name }] },
                ),
            );
    });
}

/** Whether a secret of the old value is plain text in the new value. */
function isOpened(old: unknown, now: unknown): boolean {
    if (!isMap(old) || now === undefined || now === null || hasUnknown(now)) return false;
    if (isMap(now) && isWrappedSecret(now)) return false;
    if (isWrappedSecret(old)) return !isMap(now) || Object.values(now).some((part) => isOpened(old, part));
    return isMap(now) && Object.entries(now).some(([name, part]) => isOpened(old[name], part));
}
