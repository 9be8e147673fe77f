import type { Listener } from "../listening";
import type { Microk8sNode } from "./node";

/**
 * Ports of MicroK8s 1.34. `all`: open on every node. `master`: open only on control planes. `worker`: open only on workers.
 */
const PORTS: { all: Listener[]; master: Listener[]; worker: Listener[] } = {
    all: [
        { port: 10250, process: "kubelite" },
        { port: 10248, address: "127.0.0.1", process: "kubelite" },
        { port: 10249, address: "127.0.0.1", process: "kubelite" },
        { port: 10256, process: "kubelite" },
        { port: 1338, address: "127.0.0.1", process: "containerd" },
        { port: 9099, address: "127.0.0.1", process: "calico-node" },
        { port: 25000, process: "cluster-agent" },
        { port: 4789, protocol: "udp", process: "-" },
    ],
    master: [
        { port: 16443, process: "kubelite" },
        { port: 10257, process: "kubelite" },
        { port: 10259, process: "kubelite" },
        { port: 19001, process: "k8s-dqlite" },
    ],
    worker: [{ port: 16443, address: "127.0.0.1", process: "cluster-agent" }],
};

/** Listening sockets of MicroK8s on a node. The data store listens on loopback until another node joins. */
export function portsOf(node: Microk8sNode | undefined): Listener[] {
    if (!node?.running) return [];
    const rest = node.isWorker ? PORTS.worker : PORTS.master;
    const store = node.storeOf()[0]?.address.startsWith("127.") && node.cluster.members.length === 1;
    return [...PORTS.all, ...rest].map((one) =>
        one.port !== 19001 ? one : { ...one, address: store ? "127.0.0.1" : node.member.address },
    );
}
