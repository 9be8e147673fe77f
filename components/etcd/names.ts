/** Default version of etcd, in the form of the image tag. */
export const DEFAULT_ETCD_TAG = "v3.6.16";

/** Name of the StatefulSet of etcd, and of the Service for APISIX. */
export const ETCD = "etcd";
/** Name of the Service that gives each member a DNS name of its own. */
export const PEERS = `${ETCD}-peers`;
/** Labels of etcd's pods, the same in every namespace. */
export const ETCD_PODS = { matchLabels: { "app.kubernetes.io/name": ETCD } };

export const CLIENT_PORT = 2379;
export const PEER_PORT = 2380;
/** Port of etcd's health checks and metrics, which show no keys and need no password. */
export const HEALTH_PORT = 2381;

/** Namespace that contains only etcd. @param namespace namespace of the routes */
export function etcdNamespace(namespace: string): string {
    return `${namespace}-etcd`;
}

/** URL of etcd for APISIX. The fully qualified name needs no search domain. @param namespace namespace of the routes */
export function etcdUrl(namespace: string): string {
    return `http://${ETCD}.${etcdNamespace(namespace)}.svc.cluster.local:${CLIENT_PORT}`;
}

/** Names of the members' pods. */
export function memberNames(members: number): string[] {
    return Array.from({ length: members }, (_, at) => `${ETCD}-${at}`);
}
