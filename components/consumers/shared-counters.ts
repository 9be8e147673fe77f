import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { COUNTERS, countersOf, type Counters, type CountersSettings } from "../apisix/open-requests";
import { APISIX_PODS, peer } from "../kubernetes/network-policies";
import { metadata, skipAwait } from "../kubernetes/ownership";
import type { Meaning } from "../meaning/plain";

export interface SharedCountersArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    namespace: string;
    /** Namespace APISIX runs in. */
    apisixNamespace: string;
    settings: CountersSettings;
    /** Longest time for one request, in seconds. */
    answerTimeoutSeconds: number;
}

const LABELS = { "app.kubernetes.io/name": COUNTERS };
const PORT = 6379;
/**
 * Seconds until the counter server's pod is evicted from a node that is `unreachable` or `not-ready`. With the default of
 * Kubernetes, 300, requests would not be counted for five minutes. A node becomes `unreachable` after
 * node-monitor-grace-period (50 s). The Service then no longer uses the pod on that node, so waiting would only delay the
 * new pod. A node that is `not-ready` may just have restarted its kubelet.
 */
const TOLERATED_SECONDS = { unreachable: 0, "not-ready": 30 };

/**
 * A Redis-compatible server that counts for every APISIX pod. It keeps only counts, in memory, so a restart resets them. It
 * has no password, since the plugin's settings would show it. The network policy admits only APISIX.
 *
 * It has one pod; `whenDown` defines the behaviour while the pod is down. A second pod would need a failover program
 * (docs/decisions/0007-limits-and-classes.md).
 */
export class SharedCounters extends pulumi.ComponentResource {
    /** Connection settings for the plugins that enforce limits. */
    readonly counters: Counters;

    constructor(name: string, args: SharedCountersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:SharedCounters", name, args.meaning, opts);
        const { namespace, apisixNamespace, settings, answerTimeoutSeconds } = args;
        const policy = new k8s.networking.v1.NetworkPolicy(
            `${name}-policy`,
            { metadata: metadata(COUNTERS, namespace), spec: renderPolicy(apisixNamespace) },
            { parent: this },
        );
        const pod = new k8s.apps.v1.Deployment(
            `${name}-server`,
            { metadata: metadata(COUNTERS, namespace), spec: renderServer(settings.image) },
            { parent: this, dependsOn: policy },
        );
        new k8s.core.v1.Service(
            `${name}-service`,
            {
                metadata: skipAwait(metadata(COUNTERS, namespace)),
                spec: renderService(),
            },
            { parent: this, dependsOn: pod },
        );

        this.counters = countersOf(namespace, settings, answerTimeoutSeconds);
        this.registerOutputs({ counters: this.counters });
    }
}

/** Spec of the NetworkPolicy: ingress from APISIX only, and no egress. */
function renderPolicy(apisixNamespace: string) {
    return {
        podSelector: { matchLabels: LABELS },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
            {
                from: [peer({ namespace: apisixNamespace, labels: APISIX_PODS.matchLabels })],
                ports: [{ port: PORT, protocol: "TCP" }],
            },
        ],
    };
}

/** Spec of the Service, which is only reachable inside the cluster. */
function renderService() {
    return { type: "ClusterIP", selector: LABELS, ports: [{ port: PORT, targetPort: PORT }] };
}

/** Spec of the Deployment: no disk, no service account token, no capabilities. */
function renderServer(image: CountersSettings["image"]) {
    return {
        replicas: 1,
        // The new pod is ready before the old one stops. The counts restart at zero, but APISIX can always reach a pod.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: LABELS },
        template: {
            metadata: { labels: LABELS },
            spec: {
                automountServiceAccountToken: false,
                enableServiceLinks: false,
                tolerations: Object.entries(TOLERATED_SECONDS).map(([state, tolerationSeconds]) => ({
                    key: `node.kubernetes.io/${state}`,
                    operator: "Exists",
                    effect: "NoExecute",
                    tolerationSeconds,
                })),
                securityContext: {
                    runAsNonRoot: true,
                    runAsUser: 999,
                    runAsGroup: 999,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                containers: [
                    {
                        name: "server",
                        image: `${image.repository}:${image.tag}`,
                        // No snapshots and no append-only file. If memory is full, writes fail as if the server were down, since
                        // evicting counters would silently lift limits.
                        args: [
                            ...["valkey-server", "--save", "", "--appendonly", "no"],
                            ...["--maxmemory", "64mb", "--maxmemory-policy", "noeviction", "--protected-mode", "no"],
                        ],
                        ports: [{ name: "redis", containerPort: PORT }],
                        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 5 },
                        livenessProbe: { tcpSocket: { port: PORT }, periodSeconds: 10, failureThreshold: 3 },
                        resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
                        securityContext: {
                            allowPrivilegeEscalation: false,
                            readOnlyRootFilesystem: true,
                            capabilities: { drop: ["ALL"] },
                        },
                    },
                ],
            },
        },
    };
}
