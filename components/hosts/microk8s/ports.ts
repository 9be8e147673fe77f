/** A port that MicroK8s uses on every node. */
interface TakenPort {
    port: number;
    protocol: "tcp" | "udp";
    /** Program that listens on the port. */
    by: string;
}

/**
 * Ports that MicroK8s uses on a node with its defaults Calico and dqlite: the ports in its documentation, and the default
 * ports of kubelet, kube-proxy and Calico's agent. By default Ray chooses ports for its workers between 10002 and 19999, so
 * a free port in that range may be in use later. `--min-worker-port` and `--max-worker-port` of Ray prevent this.
 */
export const PORTS: TakenPort[] = [
    { port: 16443, protocol: "tcp", by: "API server" },
    { port: 25000, protocol: "tcp", by: "cluster agent" },
    { port: 19001, protocol: "tcp", by: "dqlite" },
    { port: 10250, protocol: "tcp", by: "kubelet" },
    { port: 10248, protocol: "tcp", by: "kubelet's health" },
    { port: 10249, protocol: "tcp", by: "kube-proxy's metrics" },
    { port: 10256, protocol: "tcp", by: "kube-proxy's health" },
    { port: 10257, protocol: "tcp", by: "controller manager" },
    { port: 10259, protocol: "tcp", by: "scheduler" },
    { port: 9099, protocol: "tcp", by: "Calico's health" },
    { port: 1338, protocol: "tcp", by: "containerd's metrics" },
    { port: 4789, protocol: "udp", by: "Calico's VXLAN" },
];
