import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Counters } from "../apisix/open-requests";
import { APISIX_PODS, peer } from "../kubernetes/network-policies";
import { metadata } from "../kubernetes/ownership";

/** How limits are counted once for all APISIX pods. */
export interface CountersSettings {
    /** Callers with limits while the counters are down: rejected with 500, or admitted without limits. */
    whenDown: "refuse" | "allow";
    /** Longest wait for the counters, in milliseconds. */
    timeoutMilliseconds: number;
    image: { repository: string; tag: string };
}

export interface SharedCountersArgs {
    namespace: string;
    /** Namespace APISIX runs in. */
    apisixNamespace: string;
    settings: CountersSettings;
    /** Longest time one request may take, in seconds. */
    answerTimeoutSeconds: number;
}

/** Name of its objects in the namespace of the routes. */
export const COUNTERS = "alpa-auth-counters";
const LABELS = { "app.kubernetes.io/name": COUNTERS };
const PORT = 6379;
/**
 * How long a node may be silent, or not ready, before another one runs the pod, in seconds: Kubernetes' own 300 would keep
 * callers with limits out that long. It holds no data, so a second one does no harm: only one that is ready is reached.
 */
const AWAY_SECONDS = 30;

/**
 * A server that speaks Redis and counts for every APISIX pod. It holds counts and nothing else, in memory: a restart
 * starts them again. It has no password, since a plugin's settings would show it; the policy lets only APISIX in.
 *
 * One pod: while it is away `whenDown` says what happens, and a second one would need a sentinel to choose between them
 * (docs/decisions/0024-one-server-counts.md).
 */
export class SharedCounters extends pulumi.ComponentResource {
    /** What limits need to know of it. */
    readonly counters: Counters;

    constructor(name: string, args: SharedCountersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:SharedCounters", name, args, opts);
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
                metadata: metadata(COUNTERS, namespace),
                spec: renderService(),
            },
            { parent: this, dependsOn: pod },
        );

        this.counters = countersOf(namespace, settings, answerTimeoutSeconds);
        this.registerOutputs({ counters: this.counters });
    }
}

/** What limits need to know of the counters of a namespace. */
export function countersOf(
    namespace: string,
    { whenDown, timeoutMilliseconds }: CountersSettings,
    answerTimeoutSeconds: number,
): Counters {
    // The whole name: APISIX resolves it without the search list of a pod.
    const host = `${COUNTERS}.${namespace}.svc.cluster.local`;
    return { host, whenDown, timeoutMilliseconds, answerTimeoutSeconds };
}

/** Spec of the NetworkPolicy: ingress from APISIX only, and no egress. */
export function renderPolicy(apisixNamespace: string) {
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

/** Spec of the Service: inside the cluster alone. */
export function renderService() {
    return { type: "ClusterIP", selector: LABELS, ports: [{ port: PORT, targetPort: PORT }] };
}

/** Spec of the Deployment: no disk, no account, nothing it does not need. */
export function renderServer(image: CountersSettings["image"]) {
    return {
        replicas: 1,
        // Two at a time would count apart.
        strategy: { type: "Recreate" },
        selector: { matchLabels: LABELS },
        template: {
            metadata: { labels: LABELS },
            spec: {
                automountServiceAccountToken: false,
                enableServiceLinks: false,
                tolerations: ["not-ready", "unreachable"].map((state) => ({
                    key: `node.kubernetes.io/${state}`,
                    operator: "Exists",
                    effect: "NoExecute",
                    tolerationSeconds: AWAY_SECONDS,
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
                        // No snapshots and no append-only file. When memory is full, writes fail as if the server were
                        // down: evicting counters would silently lift limits.
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
