import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CONTROLLER_PODS } from "./availability";
import { metadata } from "../kubernetes/ownership";

export interface ControllerBudgetArgs {
    /** Namespace the ingress controller runs in. */
    namespace: string;
}

/** Name of the budget. */
export const CONTROLLER_BUDGET = "alpa-auth-ingress-controller";

/**
 * Lets a drain evict one ingress controller at a time.
 *
 * An object of this project, not a value of the chart: the chart's `templates/pdb.yaml` includes templates that no file
 * of it defines (apisix-ingress-controller 1.1.1 and 1.1.2), so `podDisruptionBudget.enabled` fails to render.
 *
 * The option `deletedWith` is handed on to the budget: it stays until that takes the namespace with it.
 */
export class ControllerBudget extends pulumi.ComponentResource {
    constructor(name: string, args: ControllerBudgetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:ControllerBudget", name, args, opts);
        new k8s.policy.v1.PodDisruptionBudget(
            `${name}-budget`,
            {
                metadata: metadata(CONTROLLER_BUDGET, args.namespace),
                spec: renderBudget(),
            },
            { parent: this, deletedWith: opts?.deletedWith },
        );
        this.registerOutputs({});
    }
}

/** Spec of the budget. */
export function renderBudget() {
    return { maxUnavailable: 1, selector: CONTROLLER_PODS };
}
