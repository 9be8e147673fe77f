/**
 * The command lines of the programs of the control plane (Kubernetes 1.34, etcd 3.6, kwok 0.7). Pure. All of them listen on
 * 127.0.0.1 only. No secret is an argument, only paths of files are.
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
    /** The emulated kubelet of every node: see kubelet.ts. */
    kubelet: number;
}

export interface Paths {
    etcdData: string;
    /** kubeconfig files, one per program. */
    kubeconfig: Record<"controllerManager" | "scheduler" | "kwok", string>;
    egress: string;
    stages: string;
}

/** Range of NodePorts: the default of Kubernetes and of MicroK8s. */
export const NODE_PORTS = "30000-32767";
/** Address ranges of MicroK8s, so that addresses look the same. */
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
        // Syncs to the disk of a laptop can be slow, and the loss of the last second of a sandbox does not matter.
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
        // The `kubernetes` Service cannot have an endpoint on loopback, and no process in the cluster uses it.
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
        // Connections of emulators end with the emulators. Waiting a minute for open watches would only delay `down`.
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
        // node-lifecycle stays on, because it removes the not-ready taint of nodes. Controllers that need metrics or a cloud
        // are off.
        controllers:
            "*,-horizontal-pod-autoscaler-controller,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
    });
}

export function schedulerArguments(pki: Pki, ports: Ports, paths: Paths): string[] {
    return flags({
        ...client(pki, ports.scheduler, paths.kubeconfig.scheduler),
        // The scheduler may try a pod whose claim was just bound before its volume plugin has processed the same watch event.
        // It then retries the pod after five minutes. With this feature off (default on since 1.33) it retries after 1 s, at
        // the latest after 30 s.
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
        // With the default of 20 requests a second the first start takes 5 s longer: every controller requests its own token.
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
        // Their own ports serve only health checks, so authentication through the API server is not needed.
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
        // Nodes report this port as their kubelet's, and kube-apiserver connects to it.
        "node-port": ports.kubelet,
        cidr: POD_RANGE,
        "node-lease-duration-seconds": 40,
    });
}

/** Makes kube-apiserver connect to Services and pods (webhooks, proxies) through service-proxy.ts. */
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
                            // Without TLS this server panics (nil tlsConfig, Kubernetes 1.34).
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
