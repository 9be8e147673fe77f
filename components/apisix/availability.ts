import { APISIX_PODS } from "../kubernetes/network-policies";

/** A gateway that keeps serving when a node is drained or lost. It needs three schedulable nodes. */
export interface Availability {
    /** Longest time one answer may take, in seconds: a pod that stops waits for it. */
    answerTimeoutSeconds: number;
}

/** Minimum of APISIX pods and of nodes: while one is down, the loss of another one must not be an outage. */
export const LEAST_NODES = 3;
/** etcd members: the smallest number that survives the loss of one. Not a setting: it cannot change in place. */
export const ETCD_MEMBERS = 3;

/** Labels of the ingress controller's pods: as a sub-chart of `apisix`, the chart has this alias. */
export const CONTROLLER_PODS = { matchLabels: { "app.kubernetes.io/name": "ingress-controller" } };

/** Values of the chart `apisix` for APISIX itself. */
export function gatewayValues() {
    return {
        // A surge pod first, then one pod less: three pods serve at any time, and a draining pod delays no request.
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        // The chart prefers minAvailable if it is not empty, and its default of 90 % would block every drain.
        podDisruptionBudget: { enabled: true, minAvailable: "", maxUnavailable: 1 },
        // Not anti-affinity, which counts terminating pods: on three nodes the next pod would wait ten minutes for one
        // that finishes its answers, and a fourth pod could never be scheduled.
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "DoNotSchedule",
                // Do not wait for a drained or lost node: its pod is scheduled on another one.
                nodeTaintsPolicy: "Honor",
                labelSelector: APISIX_PODS,
                // Spread the pods of each version separately, or old pods would affect where new ones are scheduled.
                matchLabelKeys: ["pod-template-hash"],
            },
        ],
        // Two workers for each pod, whatever the node has: they need this much for what Alpa can answer.
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    };
}

/** Values of the sub-chart `ingress-controller`: the one that holds the lease writes, the other waits for it. */
export function controllerValues() {
    return {
        deployment: {
            replicas: 2,
            topologySpreadConstraints: [
                {
                    maxSkew: 1,
                    topologyKey: "kubernetes.io/hostname",
                    // Preferred, not required: two pods on one node are better than one that is not scheduled.
                    whenUnsatisfiable: "ScheduleAnyway",
                    labelSelector: CONTROLLER_PODS,
                },
            ],
            resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
        },
    };
}
