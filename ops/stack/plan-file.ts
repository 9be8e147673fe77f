/** Plans that `pulumi preview --save-plan` wrote, made fit to be carried out (sdk/go/common/apitype/plan.go, read at 3.274.1). */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { UNKNOWN } from "./review/differences";

interface SavedPlan {
    resourcePlans?: Record<string, { goal?: Goal; steps?: string[] }>;
}
interface Goal {
    type?: string;
    inputDiff?: InputDiff;
    propertyDependencies?: Record<string, unknown>;
}
interface InputDiff {
    adds?: Record<string, unknown>;
    updates?: Record<string, unknown>;
    deletes?: string[];
}

/**
 * Lets what a plan cannot know become known: without it, `up --plan` stops in its midst. Operations, and all that is known,
 * stay what was planned.
 *
 * The provider of Kubernetes moves `stringData` of a Secret to `data` as soon as it is known (pkg/clients/unstructured.go), so
 * a plan of a Secret whose key is still to be made forbids what the provider makes of it. Dynamic providers of Node.js are
 * not shown what is unknown, so a plan of what they are to make lacks such inputs, and forbids them.
 */
export function allowUnknown(file: string): void {
    const plan = JSON.parse(readFileSync(file, "utf8")) as SavedPlan;
    for (const { goal, steps = [] } of Object.values(plan.resourcePlans ?? {})) {
        if (goal?.type === "kubernetes:core/v1:Secret") allowData(goal.inputDiff ?? {});
        if (goal?.type?.startsWith("pulumi-nodejs:dynamic") && steps.some((step) => /^create/.test(step)))
            allowDependent(goal);
    }
    writeFileSync(file, JSON.stringify(plan), { mode: statSync(file).mode });
}

function allowData(diff: InputDiff): void {
    const form = [diff.adds, diff.updates].find((side) => side !== undefined && "stringData" in side);
    if (form === undefined) return;
    form.stringData = UNKNOWN;
    if (diff.deletes?.includes("data")) diff.updates = { ...diff.updates, data: UNKNOWN };
    else diff.adds = { ...diff.adds, data: UNKNOWN };
    if (diff.deletes) diff.deletes = diff.deletes.filter((key) => key !== "data");
}

/** Of what is made, each input that is known is planned to be added. */
function allowDependent(goal: Goal): void {
    const diff = (goal.inputDiff ??= {});
    const missing = Object.keys(goal.propertyDependencies ?? {}).filter(
        (key) => !(key in (diff.adds ?? {})) && !(key in (diff.updates ?? {})),
    );
    diff.adds = { ...diff.adds, ...Object.fromEntries(missing.map((key) => [key, UNKNOWN])) };
    if (diff.deletes) diff.deletes = diff.deletes.filter((key) => !missing.includes(key));
}
