import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { renderPodMonitor, scrapeAnnotations, type MetricsSettings } from "../../kubernetes/metrics";
import { peer, type ScrapingPods } from "../../kubernetes/network-policies";
import { credentialMetadata, metadata } from "../../kubernetes/ownership";
import { secretData } from "../../kubernetes/secret-data";

/** Settings of the connectors in a cluster. */
export interface ConnectorSettings {
    /** Image of cloudflared. The tag is its version, for example `2026.8.2`, optionally with `@` and a digest. */
    image: { repository: string; tag: string };
    /** Number of pods. A rollout adds one pod while it lasts. */
    replicas: number;
    /** How long a stopping connector waits for its requests in progress, in seconds. cloudflared allows at most 180. */
    graceSeconds: number;
    /** Pods that may read the metrics, and whether to create a PodMonitor. Default: any pod may, and there is no PodMonitor. */
    metrics?: MetricsSettings;
}

export interface CloudflaredDeploymentArgs extends ConnectorSettings {
    namespace: string;
    /** Token of the tunnel. */
    token: pulumi.Output<string>;
    /** The pods behind the tunnel, and their port. */
    origin: { namespace: string; labels?: Record<string, string>; port: number };
}

/** Name of the connectors' objects in the namespace of the routes. */
export const CONNECTORS = "alpa-auth-cloudflared";
/** Labels of the connectors' pods, for network policies that admit them. */
export const CONNECTOR_LABELS = { "app.kubernetes.io/name": CONNECTORS };

/** User of Cloudflare's image, which has no shell. */
const NONROOT = 65532;
const METRICS_PORT = 2000;
/** Name of the metrics port, and path of the metrics (cloudflared metrics/metrics.go, 2026.8.2). */
const METRICS = { port: "metrics", path: "/metrics" };
/** Cloudflare's port for connectors: QUIC over UDP, or HTTP/2 over TCP if UDP is blocked. */
const EDGE_PORT = 7844;
const DNS_PORT = 53;
const TOKEN = { folder: "/etc/cloudflared/token", file: "token" };
/** Additional seconds after the grace period until the kubelet kills a connector that has not ended. */
const STOP_MARGIN_SECONDS = 20;
/** Further seconds for the API server to delete the pods, and for the provider to notice. */
const DELETE_MARGIN_SECONDS = 120;

/**
 * Connectors (`cloudflared`) as pods, which connect to Cloudflare and serve only health and metrics. A new pod is ready
 * before an old one stops, and a stopping pod finishes its answers within its grace period.
 *
 * The provider waits for the rollout, so the run fails with a wrong token or blocked egress.
 */
export class CloudflaredDeployment extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflaredDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:CloudflaredDeployment", name, {}, opts);
        const { namespace, token, origin } = args;
        const inside = { parent: this };

        const policy = new k8s.networking.v1.NetworkPolicy(
            `${name}-policy`,
            { metadata: metadata(CONNECTORS, namespace), spec: renderPolicy(origin, args.metrics?.scrapers) },
            inside,
        );
        const secret = new k8s.core.v1.Secret(
            `${name}-token`,
            { metadata: credentialMetadata(CONNECTORS, namespace), data: secretData({ [TOKEN.file]: token }) },
            inside,
        );
        const budget = new k8s.policy.v1.PodDisruptionBudget(
            `${name}-budget`,
            {
                metadata: metadata(CONNECTORS, namespace),
                // With minAvailable instead of maxUnavailable, a single pod could never be evicted.
                spec: { maxUnavailable: 1, selector: { matchLabels: CONNECTOR_LABELS } },
            },
            inside,
        );
        // At least the default of the provider.
        const deleteSeconds = Math.max(600, args.graceSeconds + STOP_MARGIN_SECONDS + DELETE_MARGIN_SECONDS);
        new k8s.apps.v1.Deployment(
            `${name}-connectors`,
            { metadata: metadata(CONNECTORS, namespace), spec: renderConnectors(args, fingerprint(token)) },
            {
                ...inside,
                dependsOn: [policy, secret, budget],
                customTimeouts: { delete: `${deleteSeconds}s` },
            },
        );
        if (args.metrics?.podMonitor)
            new k8s.apiextensions.CustomResource(
                `${name}-monitor`,
                {
                    apiVersion: "monitoring.coreos.com/v1",
                    kind: "PodMonitor",
                    metadata: metadata(CONNECTORS, namespace),
                    spec: renderPodMonitor(CONNECTOR_LABELS, METRICS.port, METRICS.path),
                },
                inside,
            );
        this.registerOutputs({});
    }
}

/**
 * Fingerprint of the token: a connector reads the token only when it starts, so a new token must replace the pods. The
 * fingerprint does not reveal the token, which is too long to guess.
 */
function fingerprint(token: pulumi.Output<string>): pulumi.Output<string> {
    const digest = token.apply((text) => createHash("sha256").update(text).digest("hex").slice(0, 16));
    return pulumi.unsecret(digest);
}

/** Spec of the Deployment. @param fingerprint changes with the token, which replaces the pods */
export function renderConnectors(settings: ConnectorSettings, fingerprint: pulumi.Input<string>) {
    const { replicas, graceSeconds, metrics } = settings;
    return {
        replicas,
        // A pod is ready when it is connected to Cloudflare. An old pod stops only after that.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: CONNECTOR_LABELS },
        template: {
            metadata: {
                labels: CONNECTOR_LABELS,
                annotations: {
                    "alpa-auth.io/token-fingerprint": fingerprint,
                    ...(metrics && !metrics.podMonitor && scrapeAnnotations(METRICS_PORT, METRICS.path)),
                },
            },
            spec: {
                automountServiceAccountToken: false,
                enableServiceLinks: false,
                terminationGracePeriodSeconds: graceSeconds + STOP_MARGIN_SECONDS,
                // Preferred, not required: on a cluster with one node, all connectors must run on that node.
                topologySpreadConstraints: [
                    {
                        maxSkew: 1,
                        topologyKey: "kubernetes.io/hostname",
                        whenUnsatisfiable: "ScheduleAnyway",
                        labelSelector: { matchLabels: CONNECTOR_LABELS },
                    },
                ],
                securityContext: {
                    runAsNonRoot: true,
                    runAsUser: NONROOT,
                    runAsGroup: NONROOT,
                    fsGroup: NONROOT,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                containers: [container(settings)],
                volumes: [
                    {
                        name: "token",
                        secret: {
                            secretName: CONNECTORS,
                            defaultMode: 0o440,
                            items: [{ key: TOKEN.file, path: TOKEN.file }],
                        },
                    },
                ],
            },
        },
    };
}

function container({ image, graceSeconds }: ConnectorSettings) {
    const health = { httpGet: { path: "/ready", port: METRICS.port }, periodSeconds: 10 };
    return {
        name: "cloudflared",
        image: `${image.repository}:${image.tag}`,
        args: [
            ...["tunnel", "--no-autoupdate", "--metrics", `0.0.0.0:${METRICS_PORT}`],
            ...["--grace-period", `${graceSeconds}s`, "run"],
        ],
        env: [
            { name: "TUNNEL_TOKEN_FILE", value: `${TOKEN.folder}/${TOKEN.file}` },
            // Disables checks at the start that query Cloudflare's API, which the network policy blocks. Older
            // versions without these checks ignore the variable.
            { name: "TUNNEL_NO_PRECHECKS", value: "true" },
        ],
        ports: [{ name: METRICS.port, containerPort: METRICS_PORT }],
        readinessProbe: { ...health, failureThreshold: 3 },
        // Restarts after two minutes: a connector reconnects by itself, and a shorter time would restart all pods at once
        // during an outage of Cloudflare.
        livenessProbe: { ...health, initialDelaySeconds: 10, failureThreshold: 12 },
        resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        volumeMounts: [{ name: "token", mountPath: TOKEN.folder, readOnly: true }],
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
    };
}

/**
 * Network policy: egress to Cloudflare, DNS and the gateway; ingress only to the port of metrics and health. Network
 * policies do not restrict the kubelet's readiness checks on that port.
 * @param scrapers the only pods that may read the metrics. Default: any pod
 */
function renderPolicy({ port, ...pods }: CloudflaredDeploymentArgs["origin"], scrapers?: ScrapingPods[]) {
    const both = (number: number) => ["TCP", "UDP"].map((protocol) => ({ port: number, protocol }));
    // A rule without peers would allow every pod.
    const read = { ...(scrapers && { from: scrapers.map(peer) }), ports: [{ port: METRICS_PORT, protocol: "TCP" }] };
    return {
        podSelector: { matchLabels: CONNECTOR_LABELS },
        policyTypes: ["Ingress", "Egress"],
        ingress: scrapers?.length === 0 ? [] : [read],
        egress: [
            // Any address is allowed: Cloudflare's addresses change, and a name server may run on the node itself.
            { ports: [...both(EDGE_PORT), ...both(DNS_PORT)] },
            { to: [peer(pods)], ports: [{ port, protocol: "TCP" }] },
        ],
    };
}
