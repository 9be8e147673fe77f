import { CLIENT_PORT, ETCD, ETCD_PODS, HEALTH_PORT, memberNames, PEER_PORT, PEERS } from "./names";

/** Settings of etcd from the stack config. */
export interface EtcdSettings {
    /** Image reference. */
    image: string;
    /** Number of members. It is odd, since one more member would tolerate no more failures. It cannot change later. */
    members: number;
    /** StorageClass of the members' volumes. Default: the cluster's default StorageClass. */
    storageClass?: string;
}

const DATA = "/var/lib/etcd";
/** User and group of the container: "nonroot" of the distroless base that etcd's image is made from. */
const USER = 65532;

/**
 * Spec of the StatefulSet. The image has no shell, so everything is set by flags. Each member has the list of all members,
 * which form a cluster as soon as a majority is up.
 * @param namespace namespace of etcd
 */
export function renderMembers(settings: EtcdSettings, namespace: string) {
    const { image, members, storageClass } = settings;
    return {
        replicas: members,
        serviceName: PEERS,
        // A member is ready when the cluster has a leader, so members must start in parallel.
        podManagementPolicy: "Parallel",
        selector: ETCD_PODS,
        template: {
            metadata: { labels: ETCD_PODS.matchLabels },
            spec: {
                automountServiceAccountToken: false,
                // Kubernetes' variables for the Service of etcd begin with ETCD_, so etcd would read them as flags.
                enableServiceLinks: false,
                securityContext: {
                    runAsNonRoot: true,
                    runAsUser: USER,
                    runAsGroup: USER,
                    fsGroup: USER,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                ...(members === 1 ? {} : { affinity: { podAntiAffinity: apart() } }),
                containers: [{ name: ETCD, image, ...renderContainer(members, namespace) }],
            },
        },
        volumeClaimTemplates: [
            {
                metadata: { name: "data" },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    resources: { requests: { storage: "8Gi" } },
                    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
                },
            },
        ],
    };
}

function renderContainer(members: number, namespace: string) {
    return {
        command: [ETCD],
        args: Object.entries(flags(members, namespace)).map(([flag, value]) => `--${flag}=${value}`),
        env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        ports: [
            { name: "client", containerPort: CLIENT_PORT },
            { name: "peer", containerPort: PEER_PORT },
            { name: "health", containerPort: HEALTH_PORT },
        ],
        // A member without a quorum is not ready but live, since a restart would not help.
        startupProbe: { ...probe("/livez"), periodSeconds: 2, failureThreshold: 150 },
        readinessProbe: probe("/readyz"),
        livenessProbe: probe("/livez"),
        // etcd must not run out of memory: APISIX receives no change of a consumer while etcd restarts.
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "1Gi" } },
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "data", mountPath: DATA }],
    };
}

function flags(members: number, namespace: string): Record<string, string> {
    const peer = (name: string) => `http://${name}.${PEERS}.${namespace}.svc.cluster.local:${PEER_PORT}`;
    return {
        name: "$(POD_NAME)",
        // etcd requires a folder that no other user may read, so it gets its own folder in the volume.
        "data-dir": `${DATA}/data`,
        "listen-client-urls": `http://0.0.0.0:${CLIENT_PORT}`,
        "advertise-client-urls": `http://$(POD_NAME).${PEERS}.${namespace}.svc.cluster.local:${CLIENT_PORT}`,
        "listen-peer-urls": `http://0.0.0.0:${PEER_PORT}`,
        "initial-advertise-peer-urls": peer("$(POD_NAME)"),
        "listen-metrics-urls": `http://0.0.0.0:${HEALTH_PORT}`,
        "initial-cluster": memberNames(members)
            .map((name) => `${name}=${peer(name)}`)
            .join(","),
        // The flag initial-cluster-state keeps its default "new". A member that is removed and added again needs another
        // value, which kubectl can set in the environment (docs/operate/etcd.md).
        "initial-cluster-token": namespace,
        // Each change of a consumer creates a revision. Without compaction, the revisions would fill the volume.
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention": "1h",
    };
}

function probe(path: string) {
    return { httpGet: { path, port: HEALTH_PORT }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 };
}

/**
 * Anti-affinity: two members on one node would fail together, and etcd would lose its quorum. A member with a local volume
 * cannot move to another node anyway.
 */
function apart() {
    return {
        requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "kubernetes.io/hostname", labelSelector: ETCD_PODS },
        ],
    };
}

/** Spec of the Service through which APISIX connects to etcd. */
export function renderService() {
    return {
        selector: ETCD_PODS.matchLabels,
        ports: [{ name: "client", port: CLIENT_PORT, targetPort: CLIENT_PORT }],
    };
}

/** Spec of the headless Service with a DNS name for each member, even before the member is ready. */
export function renderPeers() {
    return {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: ETCD_PODS.matchLabels,
        ports: [{ name: "peer", port: PEER_PORT, targetPort: PEER_PORT }],
    };
}
