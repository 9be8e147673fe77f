import type { Input, Output } from "@pulumi/pulumi";
import { KEYRING_VARIABLE, PROFILE, PROFILE_FILE, profileName, renderProfile } from "./profile";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { chartMetrics, type ObservabilitySettings } from "./observability";
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

/** TLS settings of the release. */
export interface ReleaseTls {
    /** Node port of TLS. */
    nodePort: number;
    /** Port of HTTPS for callers, for redirects. */
    publicPort: number;
}

/** Name of the Rampart graph, and of its component. */
export const GRAPH = "gateway";
export const COMPONENT = "apisix";

/** Name and namespace of the Helm release. @param namespace namespace of the routes */
export function installationOf(installer: "helm" | "rampart", namespace: string) {
    // Cluster roles of the chart are named after the release, so each stack needs its own release name.
    if (installer === "helm") return { release: namespace, namespace: `${namespace}-gateway` };
    // Rampart gives every release the same name, in a namespace <graph's namespace>-<graph>-<component>.
    return { release: "component", namespace: `${namespace}-${GRAPH}-${COMPONENT}` };
}

/** Base of the chart's object names, set so that they do not depend on the name of the release. */
export const FULL_NAME = "apisix";

/** Names of the chart's objects, for references to them. */
export const ADMIN_SERVICE = { name: `${FULL_NAME}-admin`, port: 9180 };
/** Service of the gateway's entry point inside the cluster. */
export const GATEWAY_SERVICE = { name: `${FULL_NAME}-gateway`, port: 80 };

/** Secret with etcd's password, the key that encrypts credentials in etcd, and the value of `Authorization` for the server. */
export const ETCD_SECRET = {
    name: "apisix-etcd",
    password: "etcd-root-password",
    keyring: "keyring",
    serverKey: "server-key",
};

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
 * chart. The values for TLS and metrics only open ports: {@link renderProfile} has the settings of APISIX.
 */
export function apisixValues(settings: ReleaseSettings, namespace: string) {
    const { image, replicas, nodePort, tls, availability } = settings;
    const { podAnnotations, apisix: metrics } = chartMetrics(settings.observability?.metrics);
    const { serverKeyVersion } = settings;
    const annotations = {
        ...podAnnotations,
        ...(serverKeyVersion !== undefined && { "alpa-auth.io/server-key": serverKeyVersion }),
    };
    return {
        fullnameOverride: FULL_NAME,
        image: { repository: image.repository, tag: image.tag },
        replicaCount: replicas,
        ...settingsFileValues(settings, namespace),
        ...(availability && gatewayValues()),
        ...(Object.keys(annotations).length > 0 && { podAnnotations: annotations }),
        service: serviceValues(nodePort, tls),
        apisix: {
            ...(tls && { ssl: { enabled: true } }),
            ...metrics,
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
            existingSecret: ETCD_SECRET.name,
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
            ...(availability && controllerValues()),
        },
    };
}

/** Values that make APISIX read this project's settings file. */
function settingsFileValues(settings: ReleaseSettings, namespace: string) {
    const ofSecret = (key: string) => ({ valueFrom: { secretKeyRef: { name: ETCD_SECRET.name, key } } });
    return {
        extraEnvVars: [
            { name: "APISIX_PROFILE", value: PROFILE },
            { name: KEYRING_VARIABLE, ...ofSecret(ETCD_SECRET.keyring) },
            ...(settings.serverKey ? [{ name: SERVER_KEY_VARIABLE, ...ofSecret(ETCD_SECRET.serverKey) }] : []),
        ],
        extraVolumes: [{ name: "settings", configMap: { name: profileName(renderProfile(settings, namespace)) } }],
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
 * Settings of etcd. Without high availability one member is enough: APISIX keeps its configuration in memory and continues
 * to serve while etcd restarts. If etcd loses its data, the ingress controller writes the data again only after a restart of
 * APISIX (decision 0008).
 */
export function etcdSettings({ etcdImage: image, availability, storageClass }: ReleaseSettings): EtcdSettings {
    return { image, members: availability === undefined ? 1 : ETCD_MEMBERS, storageClass };
}

function serviceValues(http: number | undefined, tls: ReleaseTls | undefined) {
    // The chart always renders externalTrafficPolicy, which must be empty for type ClusterIP.
    if (http === undefined) return { type: "ClusterIP", externalTrafficPolicy: "" };
    return {
        type: "NodePort",
        // With Cluster instead of Local, a node without a gateway pod answers on the port too.
        externalTrafficPolicy: "Cluster",
        http: { nodePort: http },
        ...(tls && { tls: { nodePort: tls.nodePort } }),
    };
}
