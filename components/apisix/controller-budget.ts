import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CONTROLLER_PODS } from "./availability";
import { metadata } from "../kubernetes/ownership";

/** Name of the PodDisruptionBudget. */
const CONTROLLER_BUDGET = "alpa-auth-ingress-controller";

/**
 * Lets a drain evict one ingress controller at a time.
 *
 * It is an object of this project, since the chart's `podDisruptionBudget.enabled` fails to render: `templates/pdb.yaml`
 * includes undefined templates (apisix-ingress-controller 1.1.1 and 1.1.2).
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the budget: it is deleted with its namespace.
 * @param namespace namespace the ingress controller runs in
 */
export function controllerBudget(name: string, namespace: string, opts: pulumi.CustomResourceOptions): void {
    const spec = renderBudget();
    new k8s.policy.v1.PodDisruptionBudget(name, { metadata: metadata(CONTROLLER_BUDGET, namespace), spec }, opts);
}

function renderBudget() {
    return { maxUnavailable: 1, selector: CONTROLLER_PODS };
}
