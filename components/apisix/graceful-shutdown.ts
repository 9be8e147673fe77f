import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Availability } from "./availability";
import { FULL_NAME } from "./values";
import { goneSeconds } from "../alpa/answer-times";
import type { Drain } from "../kubernetes/drain";
import { APISIX_PODS } from "../kubernetes/network-policies";

interface GracefulShutdownArgs {
    /** Namespace APISIX runs in. */
    namespace: string;
    /** Time between SIGTERM and SIGKILL of a pod, in seconds. */
    graceSeconds: number;
    /**
     * Value that changes with each installation of the chart. A changed value applies the patch again, because a re-created
     * Deployment has lost the grace period.
     */
    installed: pulumi.Input<string>;
}

/** Longest wait for pods with the new grace period, in minutes. The earlier pods may still exist after that. */
const ROLLOUT_MINUTES = 15;

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
    { namespace, graceSeconds, installed }: GracefulShutdownArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    return new k8s.apps.v1.DeploymentPatch(
        name,
        {
            metadata: {
                name: FULL_NAME,
                namespace,
                annotations: {
                    // The name is fixed, because a killed run would lose a generated name (kubernetes/ownership.ts).
                    "pulumi.com/patchFieldManager": "alpa-auth",
                    // Takes ownership of the field from Helm, whose Deployment has Kubernetes' default of 30 s.
                    "pulumi.com/patchForce": "true",
                    "alpa-auth.io/installed": installed,
                },
            },
            spec: renderPatch(graceSeconds),
        },
        { ...opts, customTimeouts: { create: `${ROLLOUT_MINUTES}m`, update: `${ROLLOUT_MINUTES}m` } },
    );
}

/** Deployment of the gateway in a namespace, for draining it before its installation is deleted. */
export function gatewayDrain(namespace: string, availability: Availability | undefined): Drain {
    return { namespace, name: FULL_NAME, pods: APISIX_PODS.matchLabels, timeoutSeconds: goneSeconds(availability) };
}

function renderPatch(graceSeconds: number) {
    return { template: { spec: { terminationGracePeriodSeconds: graceSeconds } } };
}
