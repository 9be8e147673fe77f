/**
 * The command lines of the programs of the control plane (Kubernetes 1.34, etcd 3.6, kwok 0.7). Pure. The programs listen only
 * on 127.0.0.1. Arguments contain no secrets, only paths of files.
 */
import type { Pki } from "./pki";

export interface Ports {
    etcdClient: number;
    etcdPeer: number;
    apiserver: number;
    controllerManager: number;
    scheduler: number;
    kwok: number;
    /** Port of the CONNECT proxy that kube-apiserver uses for connections into the cluster: see service-proxy.ts. */
    serviceProxy: number;
    /** Port of the emulated kubelet that all nodes share: see kubelet.ts. */
    kubelet: number;
}

export interface Paths {
    etcdData: string;
    /** kubeconfig files, one per program. */
    kubeconfig: Record<"controllerManager" | "scheduler" | "kwok", string>;
    egress: string;
    stages: string;
}

/** Range of node ports: the default of Kubernetes and of MicroK8s. */
const NODE_PORTS = "30000-32767";
/** Ranges of Service and pod addresses, as in MicroK8s, so that addresses look as in a real cluster. */
export const SERVICE_RANGE = "10.152.183.0/24";
export const POD_RANGE = "10.1.0.0/16";

export function etcdArguments(pki: Pki, ports: Ports, paths: Paths): string[] {
    const { etcd, etcdCa } = pki.files;
    const client = `https://127.0.0.1:${ports.etcdClient}`;
    const peer = `https://127.0.0.1:${ports.etcdPeer}`;
    return flags({
        name: "sandbox",
        "data-dir": paths.etcdData,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": `sandbox=${peer}`,
        "client-cert-auth": "true",
        "trusted-ca-file": etcdCa,
        "cert-file": etcd.cert,
        "key-file": etcd.key,
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": etcdCa,
        "peer-cert-file": etcd.cert,
        "peer-key-file": etcd.key,
        // Without fsync, etcd does not wait for the disk at each write, which would be slow on a laptop. A sandbox that
        // crashes may lose the writes of its last second.
        "unsafe-no-fsync": "true",
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention": "10m",
        "log-level": "warn",
    });
}

export function apiserverArguments(pki: Pki, ports: Ports, paths: Paths): string[] {
    const { ca, serving, etcd, etcdCa, serviceAccounts, egress } = pki.files;
    return flags({
        "etcd-servers": `https://127.0.0.1:${ports.etcdClient}`,
        "etcd-cafile": etcdCa,
        "etcd-certfile": etcd.cert,
        "etcd-keyfile": etcd.key,
        "bind-address": "127.0.0.1",
        "secure-port": ports.apiserver,
        // The Service `kubernetes` gets no endpoint: an endpoint cannot be on loopback, and no process in the cluster needs it.
        "endpoint-reconciler-type": "none",
        "tls-cert-file": serving.cert,
        "tls-private-key-file": serving.key,
        "client-ca-file": ca,
        "service-account-key-file": serviceAccounts.publicKey,
        "service-account-signing-key-file": serviceAccounts.privateKey,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-cluster-ip-range": SERVICE_RANGE,
        "service-node-port-range": NODE_PORTS,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "egress-selector-config-file": paths.egress,
        "kubelet-client-certificate": egress.cert,
        "kubelet-client-key": egress.key,
        // With "true", the API server would wait a minute for open watches before it stops, and `down` would wait too.
        "shutdown-send-retry-after": "false",
        profiling: "false",
    });
}

export function controllerManagerArguments(pki: Pki, ports: Ports, paths: Paths): string[] {
    return flags({
        ...client(pki, ports.controllerManager, paths.kubeconfig.controllerManager),
        "root-ca-file": pki.files.ca,
        "service-account-private-key-file": pki.files.serviceAccounts.privateKey,
        "use-service-account-credentials": "true",
        // All controllers except those that need metrics or a cloud. node-lifecycle is needed, because it removes the not-ready
        // taint of nodes.
        controllers:
            "*,-horizontal-pod-autoscaler-controller,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
    });
}

export function schedulerArguments(pki: Pki, ports: Ports, paths: Paths): string[] {
    return flags({
        ...client(pki, ports.scheduler, paths.kubeconfig.scheduler),
        // The scheduler can try a pod before the volume plugin knows that the pod's claim is bound. With this feature (on by
        // default since 1.33), the next try comes after five minutes. Without it, after 1 s to 30 s.
        "feature-gates": "SchedulerPopFromBackoffQ=false",
        "pod-max-in-unschedulable-pods-duration": "1s",
    });
}

function client(pki: Pki, port: number, kubeconfig: string): Record<string, string | number> {
    return {
        kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": pki.files.serving.cert,
        "tls-private-key-file": pki.files.serving.key,
        // With the default of 20 requests per second, the first start would take 5 s longer, because every controller
        // requests its own token.
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
        // The ports of these programs serve only health checks, so they need no authentication through the API server.
        "authentication-skip-lookup": "true",
        "leader-elect": "false",
        profiling: "false",
    };
}

export function kwokArguments(ports: Ports, paths: Paths): string[] {
    return flags({
        kubeconfig: paths.kubeconfig.kwok,
        config: paths.stages,
        "manage-all-nodes": "false",
        "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
        "server-address": `127.0.0.1:${ports.kwok}`,
        // Nodes report this port as the port of their kubelet, and kube-apiserver connects to it.
        "node-port": ports.kubelet,
        cidr: POD_RANGE,
        "node-lease-duration-seconds": 40,
    });
}

/**
 * Egress configuration, with which kube-apiserver connects to Services and pods (webhooks, proxies) through service-proxy.ts.
 */
export function egressConfiguration(pki: Pki, ports: Ports): object {
    const { ca, egress } = pki.files;
    return {
        apiVersion: "apiserver.k8s.io/v1beta1",
        kind: "EgressSelectorConfiguration",
        egressSelections: [
            {
                name: "cluster",
                connection: {
                    proxyProtocol: "HTTPConnect",
                    transport: {
                        tcp: {
                            url: `https://127.0.0.1:${ports.serviceProxy}`,
                            // kube-apiserver 1.34 panics without tlsConfig.
                            tlsConfig: { caBundle: ca, clientCert: egress.cert, clientKey: egress.key },
                        },
                    },
                },
            },
        ],
    };
}

function flags(values: Record<string, string | number>): string[] {
    return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
