import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { FULL_NAME } from "./values";

export interface GracefulShutdownArgs {
    /** Namespace APISIX runs in. */
    namespace: string;
    /** Time between SIGTERM and SIGKILL of a pod, in seconds. */
    graceSeconds: number;
    /** Changes whenever the chart is installed or deployed again: a re-created Deployment has lost the grace period. */
    installed: pulumi.Input<string>;
}

/** Longest wait for pods with the new time, in minutes. The earlier pods may still exist. */
const ROLLOUT_MINUTES = 15;

/**
 * Gives APISIX pods time to finish their answers. The chart has no value for it, and Kubernetes' own 30 s are over
 * before the chart's pause in front of the stop is.
 *
 * A server-side apply of one field, which no rendering of the chart has: Helm changes what differs between two of them, so
 * it outlives every upgrade. It comes after the installation, which starts the pods a second time; routes come after it.
 *
 * Passes the option `deletedWith` on: removing the field would restart the pods right before they are deleted.
 */
export class GracefulShutdown extends pulumi.ComponentResource {
    constructor(name: string, args: GracefulShutdownArgs, opts?: pulumi.ComponentResourceOptions) {
        // The former name of the class: with another type token the patch would be deleted and created, which restarts the pods.
        super("alpa-auth:parts:GracefulStop", name, {}, opts);
        const { namespace, graceSeconds, installed } = args;
        new k8s.apps.v1.DeploymentPatch(
            `${name}-patch`,
            {
                metadata: {
                    name: FULL_NAME,
                    namespace,
                    annotations: {
                        // A fixed name, like every object of this project.
                        "pulumi.com/patchFieldManager": "alpa-auth",
                        // Kubernetes writes its default of 30 s into the Deployment, with Helm as the field manager.
                        "pulumi.com/patchForce": "true",
                        "alpa-auth.io/installed": installed,
                    },
                },
                spec: renderPatch(graceSeconds),
            },
            {
                parent: this,
                deletedWith: opts?.deletedWith,
                customTimeouts: { create: `${ROLLOUT_MINUTES}m`, update: `${ROLLOUT_MINUTES}m` },
            },
        );
        this.registerOutputs({});
    }
}

/** The patch of the Deployment. */
export function renderPatch(graceSeconds: number) {
    return { template: { spec: { terminationGracePeriodSeconds: graceSeconds } } };
}
