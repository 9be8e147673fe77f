/** The nodes of the sandbox as Node objects, which kwok emulates. Pure. */

export interface NodeShape {
    name: string;
    /**
     * Address at which the node's node ports listen. All nodes share this machine.
     * @default 127.0.0.1
     */
    address?: string;
    /** Labels in addition to the labels that every node has. */
    labels?: Record<string, string>;
    /** Capacity of the node: Kubernetes quantities by resource name. */
    capacity: Record<string, string>;
}

/** NVIDIA DGX nodes (A100 generation: 8 GPUs, 256 threads, 2 TB), labelled as the GPU operator does. */
export function dgxNodes(count = 2): NodeShape[] {
    return numbered("dgx", count, {
        labels: {
            "nvidia.com/gpu.present": "true",
            "nvidia.com/gpu.count": "8",
            "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
        },
        capacity: { cpu: "256", memory: "2Ti", "ephemeral-storage": "10Ti", pods: "110", "nvidia.com/gpu": "8" },
    });
}

/** Plain servers for a separate gateway cluster. Each has its own address, so that a test can disconnect a single node. */
export function cpuNodes(count = 3): NodeShape[] {
    const nodes = numbered("gateway", count, {
        capacity: { cpu: "16", memory: "64Gi", "ephemeral-storage": "500Gi", pods: "110" },
    });
    return nodes.map((node, i) => ({ ...node, address: `127.0.0.${11 + i}` }));
}

function numbered(prefix: string, count: number, shape: Omit<NodeShape, "name">): NodeShape[] {
    return Array.from({ length: count }, (_, i) => ({ ...shape, name: `${prefix}-${String(i + 1).padStart(2, "0")}` }));
}

/** @param kubeletVersion version that the node reports, without the suffix of the snap */
export function nodeObject(shape: NodeShape, kubeletVersion: string): object {
    return {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
            name: shape.name,
            annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
            labels: {
                "kubernetes.io/hostname": shape.name,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "microk8s.io/cluster": "true",
                "node.kubernetes.io/microk8s-controlplane": "microk8s-controlplane",
                ...shape.labels,
            },
        },
        status: {
            capacity: shape.capacity,
            allocatable: shape.capacity,
            addresses: [
                { type: "InternalIP", address: shape.address ?? "127.0.0.1" },
                { type: "Hostname", address: shape.name },
            ],
            nodeInfo: {
                architecture: "amd64",
                operatingSystem: "linux",
                kubeletVersion,
                kubeProxyVersion: kubeletVersion,
                containerRuntimeVersion: "containerd://2.1.3",
                kernelVersion: "kwok",
                osImage: "alpa-auth sandbox",
                bootID: "",
                machineID: "",
                systemUUID: "",
            },
        },
    };
}
