import type { Input, Output } from "@pulumi/pulumi";
import { shutdownSeconds } from "../alpa/answer-times";
import { KEYRING_VARIABLE, PROFILE, PROFILE_FILE, profileName, renderProfile, TLS_CIPHERS } from "./profile";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { metricsValues, podValues, type ObservabilitySettings } from "./observability";
import { controllerValues, ETCD_MEMBERS, gatewayValues, type Availability } from "./availability";
import type { EtcdSettings } from "../etcd/members";
import { etcdUrl } from "../etcd/names";

/** Settings of the APISIX release from the stack config. */
export interface ReleaseSettings {
    chart: { repository: string; version: string };
    image: { repository: string; tag: string };
    /** Image reference of etcd. */
    etcdImage: string;
    /** Number of APISIX pods. */
    replicas: number;
    /** Node port of the entry point. Default: none, and the entry point is only reachable inside the cluster. */
    nodePort?: number;
    /** TLS. Default: none, and the entry point serves HTTP. */
    tls?: ReleaseTls;
    /** StorageClass of etcd's volumes. Default: the cluster's default StorageClass. */
    storageClass?: string;
    /** Settings for high availability. Default: none, and the gateway may stop together with its node. */
    availability?: Availability;
    /** Value of `Authorization` for the server; secret. Default: none. */
    serverKey?: Output<string>;
    /** A value that changes with `serverKey`, so that new pods read the new one. */
    serverKeyVersion?: Input<string>;
    /** Metrics and access log. Default: no metrics, and the log format of APISIX. */
    observability?: ObservabilitySettings;
}

/** Name and namespace of the Helm release. */
export interface Installation {
    /** Name of the Helm release. */
    release: string;
    /** Namespace of the Helm release. */
    namespace: string;
}

/** TLS settings of the release. */
export interface ReleaseTls {
    /** Node port of TLS. */
    nodePort: number;
    /** Port of HTTPS for callers, for redirects. */
    publicPort: number;
}

/** Namespace of the release that this project installs without Rampart. */
export function releaseNamespace(namespace: string): string {
    return `${namespace}-gateway`;
}

/** Name of the Helm release. */
export function releaseInstallation(namespace: string): Installation {
    // Cluster roles of the chart are named after the release, so each stack needs its own release name.
    return { release: namespace, namespace: releaseNamespace(namespace) };
}

/** Name of the Rampart graph. */
export const GRAPH = "gateway";
/** Component of the graph. */
export const COMPONENT = "apisix";

/** Namespace that Rampart creates for the gateway: `<graph's namespace>-<graph>-<component>`. */
export function componentNamespace(namespace: string): string {
    return `${namespace}-${GRAPH}-${COMPONENT}`;
}

/** Rampart gives the Helm release of every component the same name, in a namespace of its own. */
export function componentInstallation(namespace: string): Installation {
    return { release: "component", namespace: componentNamespace(namespace) };
}

/** Base of the chart's object names, set so that they do not depend on the name of the release. */
export const FULL_NAME = "apisix";

/** Names of the chart's objects, for references to them. */
export const ADMIN_SERVICE = { name: `${FULL_NAME}-admin`, port: 9180 };
/** Service of the gateway's entry point inside the cluster. */
export const GATEWAY_SERVICE = { name: `${FULL_NAME}-gateway`, port: 80 };

/** Fields of the Secret of {@link etcdSecretName}. */
export const ETCD_SECRET = { password: "etcd-root-password", keyring: "keyring", serverKey: "server-key" };

const SERVER_KEY_VARIABLE = "ALPA_AUTH_SERVER_KEY";
/** What APISIX replaces with the variable of its pods, so that neither etcd nor the Admin API has the key. */
export const SERVER_KEY_REFERENCE = `$env://${SERVER_KEY_VARIABLE}`;

/** Name of the ingress controller, unique in the cluster, so that each controller only processes its own objects. */
export function controllerName(namespace: string): string {
    return `apisix.apache.org/${namespace}`;
}

/**
 * Values for the chart `apisix` 2.14.0 with its sub-chart ingress-controller 1.1.1, for either installer. The source of each
 * name is the public chart's documentation. Helm silently ignores unknown values, so a test compares every path with the
 * chart.
 */
export function apisixValues(settings: ReleaseSettings, namespace: string, installation: Installation) {
    const { image, replicas, nodePort, tls, availability, observability } = settings;
    return {
        fullnameOverride: FULL_NAME,
        image: { repository: image.repository, tag: image.tag },
        replicaCount: replicas,
        ...settingsFileValues(
            profileName(profileOf(settings, namespace)),
            etcdSecretName(installation),
            settings.serverKey !== undefined,
        ),
        ...(availability === undefined ? {} : gatewayValues()),
        ...annotated(settings),
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
        // The chart's etcd is disabled, since the image that the chart supports gets no fixes.
        etcd: { enabled: false },
        externalEtcd: {
            host: [etcdUrl(namespace)],
            user: "root",
            existingSecret: etcdSecretName(installation),
            secretPasswordKey: ETCD_SECRET.password,
        },
        "ingress-controller": {
            enabled: true,
            // The admission webhook is disabled: in controller 2.0.1 it only warns, and its objects are cluster-wide.
            webhook: { enabled: false },
            config: {
                // The chart's default of 15 s can be too short for many consumers, since each synchronization sends all
                // pending changes.
                execADCTimeout: "60s",
                controllerName: controllerName(namespace),
                // The chart's own IngressClass has no GatewayProxy: objects of that class are accepted but never sent to
                // APISIX. The class of this project has another name.
                kubernetes: { ingressClass: `${namespace}-chart`, defaultIngressClass: false },
            },
            gatewayProxy: { createDefault: false },
            ...(availability === undefined ? {} : controllerValues()),
        },
    };
}

/**
 * Number of etcd members. Without high availability one member is enough: APISIX keeps its configuration in memory and
 * continues to serve while etcd restarts. If etcd loses its data, the ingress controller writes the data again only after
 * a restart of APISIX (decision 0008).
 */
export function etcdMembers({ availability }: Pick<ReleaseSettings, "availability">): number {
    return availability === undefined ? 1 : ETCD_MEMBERS;
}

/** Values that make APISIX read this project's settings file. @param profile name of the ConfigMap with the file */
function settingsFileValues(profile: string, etcdSecret: string, hasServerKey: boolean) {
    const serverKey = { secretKeyRef: { name: etcdSecret, key: ETCD_SECRET.serverKey } };
    const keyring = { secretKeyRef: { name: etcdSecret, key: ETCD_SECRET.keyring } };
    return {
        extraEnvVars: [
            { name: "APISIX_PROFILE", value: PROFILE },
            { name: KEYRING_VARIABLE, valueFrom: keyring },
            ...(hasServerKey ? [{ name: SERVER_KEY_VARIABLE, valueFrom: serverKey }] : []),
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

/** Annotations of the pods. */
function annotated({ observability, serverKeyVersion }: ReleaseSettings) {
    const values = podValues(observability);
    if (serverKeyVersion === undefined) return values;
    return { podAnnotations: { ...values.podAnnotations, "alpa-auth.io/server-key": serverKeyVersion } };
}

/** Name of the Secret with etcd's password and APISIX's encryption key. */
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
    // The chart always renders externalTrafficPolicy, which must be empty for type ClusterIP.
    if (nodePort === undefined) return { type: "ClusterIP", externalTrafficPolicy: "" };
    return {
        type: "NodePort",
        // With Cluster instead of Local, a node without a gateway pod answers on the port too.
        externalTrafficPolicy: "Cluster",
        http: { nodePort },
        ...(tls === undefined ? {} : { tls: { nodePort: tls.nodePort } }),
    };
}

/** Accepted versions of TLS: all current clients support 1.2. */
const TLS_PROTOCOLS = "TLSv1.2 TLSv1.3";

function tlsValues(tls: ReleaseTls) {
    return {
        ssl: { enabled: true, sslProtocols: TLS_PROTOCOLS, sslCiphers: TLS_CIPHERS },
        // Without this port, a redirect would have the container's port, which callers cannot reach.
        pluginAttrs: { redirect: { https_port: tls.publicPort } },
    };
}

/** How long nginx waits for requests in progress with the chart's own settings file, in seconds. */
const CHART_SHUTDOWN_SECONDS = 240;

/** Text of APISIX's settings file. @param namespace namespace of the routes */
export function profileOf({ availability, tls, observability }: ReleaseSettings, namespace: string): string {
    return renderProfile({
        etcd: etcdUrl(namespace),
        shutdownSeconds: availability === undefined ? CHART_SHUTDOWN_SECONDS : shutdownSeconds(availability),
        tls: tls && { protocols: TLS_PROTOCOLS, publicPort: tls.publicPort },
        observability,
    });
}
