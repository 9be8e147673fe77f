import { shutdownSeconds } from "../alpa/answer-times";
import { KEYRING_VARIABLE, PROFILE, PROFILE_FILE, profileName, renderProfile, TLS_CIPHERS } from "./profile";
import { metricsValues, podValues, type ObservabilitySettings } from "./observability";
import { controllerValues, ETCD_MEMBERS, gatewayValues, type Availability } from "./availability";
import type { EtcdSettings } from "../etcd/members";
import { etcdUrl } from "../etcd/names";

/** Settings of the APISIX release from the stack config. */
export interface ReleaseSettings {
    chart: { repository: string; version: string };
    image: { repository: string; tag: string };
    /** Image of etcd, as the kubelet takes it. */
    etcdImage: string;
    /** APISIX pods. */
    replicas: number;
    /** Port of the entry point on every node. Unset: none, and the entry point is inside the cluster only. */
    nodePort?: number;
    /** TLS. Unset: the entry point serves HTTP. */
    tls?: ReleaseTls;
    /** StorageClass of etcd's volumes. Unset: the cluster's default. */
    storageClass?: string;
    /** Settings for high availability. Unset: the gateway may run on a single node, and stops with it. */
    availability?: Availability;
    /** Metrics and access log. Unset: no metrics, and the log format of APISIX. */
    observability?: ObservabilitySettings;
}

/** Name and namespace of the Helm release. */
export interface Installation {
    /** Name of the Helm release. */
    release: string;
    /** Its namespace. */
    namespace: string;
}

/** TLS at the gateway, as far as the release has a part in it. */
export interface ReleaseTls {
    /** Port of TLS on every node. */
    nodePort: number;
    minimumVersion: "1.2" | "1.3";
    /** Port that callers reach it on, for redirects. */
    publicPort: number;
}

/** Base of every object name the chart makes; set, so that the names do not depend on the release's. */
export const FULL_NAME = "apisix";

/** Names of the chart's objects, for references to them. */
export const ADMIN_SERVICE = { name: `${FULL_NAME}-admin`, port: 9180 };
/** Entry point inside the cluster. */
export const GATEWAY_SERVICE = { name: `${FULL_NAME}-gateway`, port: 80 };
/** Secret the chart reads both Admin API keys from; it must be there before a pod can start. */
export const ADMIN_KEYS_SECRET = { name: "apisix-admin-keys", admin: "admin", viewer: "viewer" };

/** Fields of the Secret that is named after etcd. */
export const ETCD_SECRET = { password: "etcd-root-password", keyring: "keyring" };

/** Own name, so that no other ingress controller in the cluster takes these objects, and this one takes no others'. */
export function controllerName(namespace: string): string {
    return `apisix.apache.org/${namespace}`;
}

/**
 * Values for the chart `apisix` 2.14.0 with its sub-chart ingress-controller 1.1.1, for either installer. The public chart's documentation is the source of each name; Helm silently ignores unknown values, so a
 * test compares every path with the chart.
 */
export function apisixValues(settings: ReleaseSettings, namespace: string, installation: Installation) {
    const { image, replicas, nodePort, tls, availability, observability } = settings;
    return {
        fullnameOverride: FULL_NAME,
        image: { repository: image.repository, tag: image.tag },
        replicaCount: replicas,
        ...settingsFileValues(profileName(profileOf(settings, namespace)), etcdSecretName(installation)),
        ...(availability === undefined ? {} : gatewayValues()),
        ...podValues(observability),
        service: serviceValues(nodePort, tls),
        apisix: {
            ...(tls === undefined ? {} : tlsValues(tls)),
            ...metricsValues(observability),
            admin: {
                credentials: {
                    secretName: ADMIN_KEYS_SECRET.name,
                    secretAdminKey: ADMIN_KEYS_SECRET.admin,
                    secretViewerKey: ADMIN_KEYS_SECRET.viewer,
                },
            },
        },
        // Disabled: the image that the chart supports gets no fixes.
        etcd: { enabled: false },
        externalEtcd: {
            host: [etcdUrl(namespace)],
            user: "root",
            existingSecret: etcdSecretName(installation),
            secretPasswordKey: ETCD_SECRET.password,
        },
        "ingress-controller": {
            enabled: true,
            // Disabled: version 2.0.1 of the webhook only warns, and its objects belong to the whole cluster.
            webhook: { enabled: false },
            config: {
                // The chart's 15 s can be too short for many consumers, since each synchronization sends all pending
                // changes.
                execADCTimeout: "60s",
                controllerName: controllerName(namespace),
                // The chart's own IngressClass comes without a GatewayProxy: objects of that class are accepted
                // and never sent to APISIX. Ours has another name.
                kubernetes: { ingressClass: `${namespace}-chart`, defaultIngressClass: false },
            },
            gatewayProxy: { createDefault: false },
            ...(availability === undefined ? {} : controllerValues()),
        },
    };
}

/**
 * Members of etcd. One is enough for a gateway that may stop with its node: a restart of it does not stop APISIX, which keeps
 * its configuration in memory. When it loses its data, the ingress controller writes it again only after a restart of APISIX
 * (decision 0033).
 */
export function etcdMembers({ availability }: Pick<ReleaseSettings, "availability">): number {
    return availability === undefined ? 1 : ETCD_MEMBERS;
}

/** Values that make APISIX read our settings file. @param profile name of the ConfigMap that holds it */
function settingsFileValues(profile: string, etcdSecret: string) {
    const keyring = { secretKeyRef: { name: etcdSecret, key: ETCD_SECRET.keyring } };
    return {
        extraEnvVars: [
            { name: "APISIX_PROFILE", value: PROFILE },
            { name: KEYRING_VARIABLE, valueFrom: keyring },
        ],
        extraVolumes: [{ name: "settings", configMap: { name: profile } }],
        extraVolumeMounts: [
            {
                name: "settings",
                mountPath: `/usr/local/apisix/conf/${PROFILE_FILE}`,
                subPath: PROFILE_FILE,
                readOnly: true,
            },
        ],
    };
}

/**
 * Name of the Secret with what APISIX needs to read etcd. The etcd that the chart brought along had that name too, so both
 * are the same Secret while a stack moves from it.
 */
export function etcdSecretName({ release }: Installation): string {
    return `${release}-etcd`;
}

/** Values of the release for etcd. */
export function etcdSettings(settings: ReleaseSettings): EtcdSettings {
    const { etcdImage: image, storageClass } = settings;
    return { image, members: etcdMembers(settings), storageClass };
}

interface ServiceValues {
    type: "ClusterIP" | "NodePort";
    externalTrafficPolicy: "" | "Cluster";
    http?: { nodePort: number };
    tls?: { nodePort: number };
}

function serviceValues(nodePort: number | undefined, tls: ReleaseTls | undefined): ServiceValues {
    // The chart always writes the policy, and with this type Kubernetes takes none but an empty one.
    if (nodePort === undefined) return { type: "ClusterIP", externalTrafficPolicy: "" };
    return {
        type: "NodePort",
        // Cluster, not Local: every node answers on the port, whichever runs the pod.
        externalTrafficPolicy: "Cluster",
        http: { nodePort },
        ...(tls === undefined ? {} : { tls: { nodePort: tls.nodePort } }),
    };
}

function protocolsOf({ minimumVersion }: ReleaseTls): string {
    return minimumVersion === "1.3" ? "TLSv1.3" : "TLSv1.2 TLSv1.3";
}

function tlsValues(tls: ReleaseTls) {
    return {
        ssl: { enabled: true, sslProtocols: protocolsOf(tls), sslCiphers: TLS_CIPHERS },
        // Without it a redirect names the container's port, which callers cannot reach.
        pluginAttrs: { redirect: { https_port: tls.publicPort } },
    };
}

/** nginx's wait for running requests in the chart's own settings file, in seconds. */
const CHART_SHUTDOWN_SECONDS = 240;

/** Text of APISIX's settings file. @param namespace that of the routes */
export function profileOf({ availability, tls, observability }: ReleaseSettings, namespace: string): string {
    return renderProfile({
        etcd: etcdUrl(namespace),
        shutdownSeconds: availability === undefined ? CHART_SHUTDOWN_SECONDS : shutdownSeconds(availability),
        tls: tls && { protocols: protocolsOf(tls), publicPort: tls.publicPort },
        observability,
    });
}
