import { APISIX_PODS } from "../kubernetes/network-policies";

/** A gateway that keeps serving when a node is drained or lost. It needs three schedulable nodes. */
export interface Availability {
    /** Longest time for one answer, in seconds. A terminating pod waits this long for its requests in progress. */
    answerTimeoutSeconds: number;
}

/** Minimum number of APISIX pods and of nodes: while one node is down, the loss of another node must not be an outage. */
export const LEAST_NODES = 3;
/** Number of etcd members. Fewer than three would not survive the loss of a member. An existing etcd is not resized. */
export const ETCD_MEMBERS = 3;

/** Label of the ingress controller's pods. Its value is the alias that the chart `apisix` gives the controller's chart. */
export const CONTROLLER_PODS = { matchLabels: { "app.kubernetes.io/name": "ingress-controller" } };

/** Values of the chart `apisix` for APISIX itself. */
export function gatewayValues() {
    return {
        // A rollout creates a pod before it stops another one, so three pods serve at any time.
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        // minAvailable is empty, because the chart's default of 90 % would take precedence and block every drain.
        podDisruptionBudget: { enabled: true, minAvailable: "", maxUnavailable: 1 },
        // Not anti-affinity, because anti-affinity counts terminating pods. On three nodes, a new pod would wait up to ten
        // minutes for a terminating pod to finish its answers, and a fourth pod could never be scheduled.
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "DoNotSchedule",
                // Ignores tainted nodes, so that the pod of a drained or lost node is scheduled on another node at
                // once.
                nodeTaintsPolicy: "Honor",
                labelSelector: APISIX_PODS,
                // Spreads the pods of each version separately, so that old pods do not affect the scheduling of new ones.
                matchLabelKeys: ["pod-template-hash"],
            },
        ],
        // Each pod runs two nginx workers, whatever the size of its node. They need these resources for the load that
        // Alpa can serve.
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    };
}

/** Values of the sub-chart `ingress-controller`: two pods. The pod with the lease writes to APISIX, the other one waits. */
export function controllerValues() {
    return {
        deployment: {
            replicas: 2,
            topologySpreadConstraints: [
                {
                    maxSkew: 1,
                    topologyKey: "kubernetes.io/hostname",
                    // Preferred, not required: two pods on one node are better than an unscheduled pod.
                    whenUnsatisfiable: "ScheduleAnyway",
                    labelSelector: CONTROLLER_PODS,
                },
            ],
            resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
        },
    };
}
