/** Plans that `pulumi preview --save-plan` wrote, made fit to be carried out (sdk/go/common/apitype/plan.go, read at 3.274.1). */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { UNKNOWN } from "./review/differences";

interface SavedPlan {
    resourcePlans?: Record<string, { goal?: { type?: string; inputDiff?: InputDiff } }>;
}
interface InputDiff {
    adds?: Record<string, unknown>;
    updates?: Record<string, unknown>;
    deletes?: string[];
}

/**
 * The provider of Kubernetes moves `stringData` of a Secret to `data` as soon as it is known (pkg/clients/unstructured.go),
 * so a plan of a Secret whose key is still to be made forbids what the provider then makes of it: `up --plan` would stop
 * in its midst. What is in such a Secret is unknown to the plan in either form, and may be in either.
 */
export function allowEncodedSecrets(file: string): void {
    const plan = JSON.parse(readFileSync(file, "utf8")) as SavedPlan;
    for (const { goal } of Object.values(plan.resourcePlans ?? {})) {
        const diff = goal?.inputDiff;
        if (goal?.type !== "kubernetes:core/v1:Secret" || diff === undefined) continue;
        const form = [diff.adds, diff.updates].find((side) => side !== undefined && "stringData" in side);
        if (form === undefined) continue;
        form.stringData = UNKNOWN;
        if (!diff.deletes?.includes("data")) {
            diff.adds = { ...diff.adds, data: UNKNOWN };
            continue;
        }
        diff.deletes = diff.deletes.filter((key) => key !== "data");
        diff.updates = { ...diff.updates, data: UNKNOWN };
    }
    writeFileSync(file, JSON.stringify(plan), { mode: statSync(file).mode });
}
