import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CONTROLLER_PODS } from "./availability";
import { metadata } from "../kubernetes/ownership";

export interface ControllerBudgetArgs {
    /** Namespace the ingress controller runs in. */
    namespace: string;
}

/** Name of the PodDisruptionBudget. */
export const CONTROLLER_BUDGET = "alpa-auth-ingress-controller";

/**
 * Lets a drain evict one ingress controller at a time.
 *
 * It is an object of this project, since the chart's `podDisruptionBudget.enabled` fails to render: `templates/pdb.yaml`
 * includes undefined templates (apisix-ingress-controller 1.1.1 and 1.1.2).
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the budget: it is deleted with its namespace.
 */
export class ControllerBudget extends pulumi.ComponentResource {
    constructor(name: string, args: ControllerBudgetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:ControllerBudget", name, {}, opts);
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

function renderBudget() {
    return { maxUnavailable: 1, selector: CONTROLLER_PODS };
}
