import { APISIX_PODS } from "../kubernetes/network-policies";

/** A gateway that goes on when a node is drained or lost. It needs three nodes that take pods. */
export interface Availability {
    /** Longest time one answer may take, in seconds: a pod that stops waits for it. */
    answerTimeoutSeconds: number;
}

/** Fewest APISIX pods, and nodes for them: while one is away, the loss of another must not be an outage. */
export const LEAST_NODES = 3;
/** etcd members: the smallest number that outlives one of them. Not a setting: the chart cannot change it later. */
export const ETCD_MEMBERS = 3;

/** Pods of the ingress controller: below the chart `apisix` its chart goes by its alias. */
export const CONTROLLER_PODS = { matchLabels: { "app.kubernetes.io/name": "ingress-controller" } };

/** Values of the chart `apisix` for APISIX itself. */
export function gatewayValues() {
    return {
        // One more, then one less: three serve at any time, and a pod that finishes its answers holds up nobody.
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        // The chart takes minAvailable when it is anything, and its default of 90 % would stop every drain.
        podDisruptionBudget: { enabled: true, minAvailable: "", maxUnavailable: 1 },
        // Not anti-affinity, which counts pods that are on their way out: on three nodes the next pod would wait ten
        // minutes for one that finishes its answers, and a fourth would never find a place.
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "DoNotSchedule",
                // A node that is drained or lost is no place to wait for: its pod goes to another one.
                nodeTaintsPolicy: "Honor",
                labelSelector: APISIX_PODS,
                // The pods of each version for themselves, or those of the old one would shape where the new ones go.
                matchLabelKeys: ["pod-template-hash"],
            },
        ],
        // Two workers for each pod, whatever the node has: they need this much for what Alpa can answer.
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    };
}

/** Values of the sub-chart `etcd`, in place of those for one member. */
export function etcdValues() {
    return {
        pdb: { create: true, minAvailable: 2 },
        // Anti-affinity here: a volume ties its member to a node, and a member never moves. Two on one node would be
        // lost together, and with them the majority.
        podAntiAffinityPreset: "hard",
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
                    // A wish: two on one node are better than one that does not run.
                    whenUnsatisfiable: "ScheduleAnyway",
                    labelSelector: CONTROLLER_PODS,
                },
            ],
            resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
        },
    };
}
