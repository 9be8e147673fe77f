/**
 * Emulates snap and MicroK8s 1.34 on hosts of the sandbox. Facts: canonical/microk8s (snap/hooks, scripts/wrappers),
 * canonical/microk8s-cluster-agent (k8sinit), canonical/microk8s-core-addons, and snapd's cmd/snap.
 *
 *     const microk8s = new Microk8sEmulator({ api: restOf(controlPlane.adminKubeConfig) });
 *     const first = await microk8s.startHost({ name: "gateway-01", address: "127.0.0.11", password: "…", sudo: "password" });
 *     first.faults.add({ step: "install" });
 *     await microk8s.close();
 *
 * Each host has `snap` and, after its installation, `/snap/bin/microk8s`, with the commands that the project's scripts send. The
 * first host uses the sandbox's control plane as its cluster, so kubeconfigs have the address and certificate of the control
 * plane. Every other host has a cluster in memory until it joins another one. Nodes that join become Node objects with kwok's
 * kubelet. No process listens on the ports of MicroK8s.
 * Known differences: the authorization mode is a file without an effect; a stopped host stays Ready.
 */
import { type Host, type HostOptions, startHost } from "../host";
import { Faults } from "./faults";
import { MemoryCluster } from "./memory-cluster";
import { type Cluster, Microk8sNode } from "./node";
import type { KubeRest } from "./rest";
import { Snap } from "./snap";

const PROGRAM = "/snap/bin/microk8s";

export interface Microk8sHostOptions extends HostOptions {
    /** Address of the host: 127.0.0.x. Each host needs its own. */
    address: string;
    /** Whether snapd is installed on the host. @default true */
    snapd?: boolean;
}

export interface Microk8sHost extends Host {
    readonly name: string;
    /** Injected failures. */
    readonly faults: Faults;
    /** The MicroK8s on the host; undefined if it is not installed. */
    readonly microk8s: Microk8sNode | undefined;
    readonly snap: Snap;
}

export class Microk8sEmulator {
    private readonly hosts: Microk8sHost[] = [];
    private readonly sandbox: Cluster;

    /** @param api the API of the first host's cluster. @default a cluster in memory */
    constructor({ api = new MemoryCluster() }: { api?: KubeRest } = {}) {
        this.sandbox = { rest: api, members: [] };
    }

    async startHost(options: Microk8sHostOptions): Promise<Microk8sHost> {
        const { name, address } = options;
        const isFirst = this.hosts.length === 0;
        const faults = new Faults();
        let node: Microk8sNode | undefined;
        // Hosts start in parallel, so this one is in the list before its start.
        const entry = { name, address, faults } as Microk8sHost;
        this.hosts.push(entry);
        const host = await startHost(options);
        const place = {
            ...{ name, address, faults, root: host.root },
            newCluster: () => (isFirst && this.sandbox.members.length === 0 ? this.sandbox : memoryCluster(address)),
            at: (where: string) => this.hosts.find((one) => one.address === where)?.microk8s,
        };
        const snap = new Snap({
            install: async () => {
                const made = new Microk8sNode(place);
                await made.install();
                host.stage.lay(PROGRAM, (call) => made.microk8s(call));
                node = made;
            },
            remove: async () => {
                await node?.uninstall();
                host.stage.take(PROGRAM);
                node = undefined;
            },
        });
        if (options.snapd ?? true)
            host.stage.lay("/usr/local/sbin/snap", (call) => snap.run(call.args, call.privileged));
        Object.defineProperty(entry, "microk8s", { get: () => node });
        return Object.assign(entry, host, { snap });
    }

    async close(): Promise<void> {
        for (const host of this.hosts.splice(0)) await host.close();
    }
}

const memoryCluster = (address: string): Cluster => ({
    rest: new MemoryCluster(`https://${address}:16443`),
    members: [],
});
