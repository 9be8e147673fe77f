import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Availability } from "./availability";
import { FULL_NAME } from "./values";
import { goneSeconds, graceSeconds } from "../alpa/shutdown-times";
import type { Drain } from "../kubernetes/drain";
import { APISIX_PODS } from "../kubernetes/network-policies";

interface GracefulShutdownArgs {
    /** Namespace APISIX runs in. */
    namespace: string;
    availability: Availability;
    /** Changes with each installation of the chart: a re-created Deployment has lost the grace period. */
    installed: pulumi.Input<string>;
}

/** Longest wait for pods with the new grace period. The earlier pods may still exist after that. */
const ROLLOUT = { create: "15m", update: "15m" };

/**
 * Sets the grace period of APISIX pods, so that they finish their answers. The chart has no value for it, and with the
 * default of Kubernetes, 30 s, a pod would be killed at the end of the chart's preStop sleep.
 *
 * The patch is a server-side apply of one field that the chart never renders. Helm changes only fields that differ between
 * two renderings of the chart, so the field survives every upgrade. The patch restarts the pods once, and routes are created
 * after it.
 *
 * With the option `deletedWith`, a destroy does not remove the patched field, which would restart the pods right before
 * their deletion.
 */
export function gracefulShutdown(
    name: string,
    { namespace, availability, installed }: GracefulShutdownArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    const annotations = {
        // The name is fixed, because a killed run would lose a generated name (kubernetes/ownership.ts).
        "pulumi.com/patchFieldManager": "alpa-auth",
        // Takes ownership of the field from Helm, whose Deployment has Kubernetes' default of 30 s.
        "pulumi.com/patchForce": "true",
        "alpa-auth.io/installed": installed,
    };
    return new k8s.apps.v1.DeploymentPatch(
        name,
        {
            metadata: { name: FULL_NAME, namespace, annotations },
            spec: { template: { spec: { terminationGracePeriodSeconds: graceSeconds(availability) } } },
        },
        { ...opts, customTimeouts: ROLLOUT },
    );
}

/** Deployment of the gateway in a namespace, for draining it before its installation is deleted. */
export function gatewayDrain(namespace: string, availability: Availability | undefined): Drain {
    return { namespace, name: FULL_NAME, pods: APISIX_PODS.matchLabels, timeoutSeconds: goneSeconds(availability) };
}
