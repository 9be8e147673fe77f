/** Add-ons of MicroK8s 1.34, with the objects that emulated add-ons create in the cluster. */
import { STARTABLE_ANNOTATION } from "../../control-plane/stages";
import type { Cluster } from "./cluster";
import type { Files } from "./files";
import { find, make, unmake } from "./rest";

export interface Addon {
    name: string;
    description: string;
    version: string;
    /** The emulation of the add-on; unset if the sandbox does not support the add-on. */
    emulated?: {
        isOn(cluster: Cluster, files: Files): Promise<boolean>;
        /** Enables the add-on on a node and in the cluster. */
        enable(cluster: Cluster, files: Files, args: string[]): Promise<void>;
        disable(cluster: Cluster, files: Files): Promise<void>;
        /** Deletes the add-on's objects from the cluster. @default the add-on has no objects */
        end?(cluster: Cluster): Promise<void>;
    };
}

const DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments";
const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
const DNS_ADDRESS = "10.152.183.10";
const STORAGE_CLASS = "microk8s-hostpath";

const deployment = (name: string, label: string, image: string) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "kube-system", labels: { "k8s-app": label } },
    spec: {
        replicas: 1,
        selector: { matchLabels: { "k8s-app": label } },
        template: {
            // No emulator runs this pod, so kwok may mark it ready at once.
            metadata: { labels: { "k8s-app": label }, annotations: { [STARTABLE_ANNOTATION]: "true" } },
            spec: { containers: [{ name, image }] },
        },
    },
});

/** An add-on with a Deployment in kube-system, and additional steps. */
function deployed(
    name: string,
    object: object,
    more: {
        enable?(cluster: Cluster, files: Files, args: string[]): Promise<void>;
        disable?(cluster: Cluster): Promise<void>;
    } = {},
): Addon["emulated"] {
    const end = async (cluster: Cluster) => {
        await unmake(cluster.rest, `${DEPLOYMENTS}/${name}`);
        await more.disable?.(cluster);
    };
    return {
        isOn: async ({ rest }) => (await find(rest, `${DEPLOYMENTS}/${name}`)) !== undefined,
        enable: async (cluster, files, args) => {
            await more.enable?.(cluster, files, args);
            await make(cluster.rest, DEPLOYMENTS, object);
        },
        disable: end,
        end,
    };
}

const always: Addon["emulated"] = {
    isOn: async () => true,
    enable: async () => undefined,
    disable: async (_cluster, _files) => {
        throw new Error("unsupported by the sandbox: disabling an add-on that is enabled by default");
    },
};

const dns = deployed("coredns", deployment("coredns", "kube-dns", "coredns/coredns:1.13.1"), {
    enable: async ({ rest }, files) => {
        await make(rest, "/api/v1/namespaces/kube-system/services", {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "kube-dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
            spec: {
                clusterIP: DNS_ADDRESS,
                selector: { "k8s-app": "kube-dns" },
                ports: [{ name: "dns", port: 53, protocol: "UDP" }],
            },
        });
        files.setArguments("kubelet", { "--cluster-dns": DNS_ADDRESS, "--cluster-domain": "cluster.local" });
    },
    disable: ({ rest }) => unmake(rest, "/api/v1/namespaces/kube-system/services/kube-dns"),
});

/**
 * Label of an object that an add-on has created. The sandbox may have created the same object before. Without the label,
 * the object does not belong to the add-on.
 */
const MADE = "sandbox.alpa-auth/addon";
const PROVISIONER = "hostpath-provisioner";
const hostpath = deployed(PROVISIONER, deployment(PROVISIONER, PROVISIONER, "cdkbot/hostpath-provisioner:1.6.0"), {
    enable: ({ rest }) =>
        make(rest, CLASSES, {
            apiVersion: "storage.k8s.io/v1",
            kind: "StorageClass",
            metadata: {
                name: STORAGE_CLASS,
                labels: { [MADE]: "hostpath-storage" },
                annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
            },
            provisioner: "microk8s.io/hostpath",
            reclaimPolicy: "Delete",
            volumeBindingMode: "WaitForFirstConsumer",
        }),
    disable: async ({ rest }) => {
        // Only the add-on's own StorageClass has the label. A StorageClass that the sandbox created before stays.
        const found = await find(rest, `${CLASSES}/${STORAGE_CLASS}`);
        if (found?.metadata.labels?.[MADE]) await unmake(rest, `${CLASSES}/${STORAGE_CLASS}`);
    },
});

/**
 * The add-on is enabled if the API server's argument --authorization-mode contains RBAC. Enabling it changes only the
 * arguments on this node.
 */
const rbac: Addon["emulated"] = {
    isOn: async (_cluster, files) => authorization(files).includes("RBAC"),
    enable: async (_cluster, files) => files.setArguments("kube-apiserver", { "--authorization-mode": "RBAC,Node" }),
    disable: async (_cluster, files) => files.setArguments("kube-apiserver", { "--authorization-mode": "AlwaysAllow" }),
};

const authorization = (files: Files) =>
    (files.arguments("kube-apiserver").get("--authorization-mode") ?? "").split(",");

export const ADDONS: Addon[] = [
    { name: "cert-manager", description: "Cloud native certificate management", version: "1.18.2" },
    { name: "cis-hardening", description: "Apply CIS K8s hardening", version: "1.24.0" },
    { name: "community", description: "The community addons repository", version: "1.0.0" },
    { name: "dashboard", description: "The Kubernetes dashboard", version: "7.10.0" },
    { name: "dns", description: "CoreDNS", version: "1.13.1", emulated: dns },
    { name: "gpu", description: "Alias to nvidia add-on", version: "25.3.2" },
    {
        name: "ha-cluster",
        description: "Configure high availability on the current node",
        version: "1.34.0",
        emulated: always,
    },
    { name: "helm", description: "Helm - the package manager for Kubernetes", version: "3.8.0", emulated: always },
    { name: "helm3", description: "Helm 3 - the package manager for Kubernetes", version: "3.8.0", emulated: always },
    { name: "host-access", description: "Allow Pods connecting to Host services smoothly", version: "1.0.0" },
    {
        name: "hostpath-storage",
        description: "Storage class; allocates storage from host directory",
        version: "1.6.0",
        emulated: hostpath,
    },
    { name: "ingress", description: "Ingress controller for external access", version: "1.11.5" },
    { name: "kube-ovn", description: "An advanced network fabric for Kubernetes", version: "1.10.0" },
    { name: "mayastor", description: "OpenEBS MayaStor", version: "2.0.0" },
    { name: "metallb", description: "Loadbalancer for your Kubernetes cluster", version: "0.15.2" },
    {
        name: "metrics-server",
        description: "K8s Metrics Server for API access to service metrics",
        version: "0.8.0",
        emulated: deployed(
            "metrics-server",
            deployment("metrics-server", "metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.8.0"),
        ),
    },
    { name: "minio", description: "MinIO object storage", version: "4.5.1" },
    { name: "nvidia", description: "NVIDIA hardware (GPU and network) support", version: "25.3.2" },
    { name: "observability", description: "A lightweight observability stack", version: "43.3.1" },
    { name: "rbac", description: "Role-Based Access Control for authorisation", version: "1.34.0", emulated: rbac },
    { name: "registry", description: "Private image registry exposed on localhost:32000", version: "2.8.1" },
    { name: "rook-ceph", description: "Distributed Ceph storage using Rook", version: "1.11.9" },
];
