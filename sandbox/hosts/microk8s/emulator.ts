/**
 * Emulates snap and MicroK8s 1.34 on hosts of the sandbox. Facts: canonical/microk8s (snap/hooks, scripts/wrappers),
 * canonical/microk8s-cluster-agent (k8sinit), canonical/microk8s-core-addons, and snapd's cmd/snap.
 *
 *     const microk8s = new Microk8sEmulator({ api: restOf(controlPlane.adminKubeConfig) });
 *     const first = await microk8s.startHost({ name: "gateway-01", address: "127.0.0.11", password: "…", sudo: "password" });
 *     first.faults.add({ step: "join" });
 *     await microk8s.close();
 *
 * Each host has `snap`, `ss`, `hostname` and, after its installation, `/snap/bin/microk8s`. The first host without `foreign`
 * uses the sandbox's control plane as its cluster, so kubeconfigs have the address and certificate of the control plane, not
 * `<host>:16443`. Every other host has a separate cluster in memory until it joins another one. Nodes that join become Node
 * objects with kwok's kubelet, and removed ones are deleted. No process listens on the ports of MicroK8s: only `ss` lists them.
 *
 * Emulated add-ons: dns, hostpath-storage, metrics-server, rbac (only arguments in a file of the node); ha-cluster, helm and
 * helm3, which are always enabled. Unsupported: all other add-ons, subcommands, options and snaps; images, containers and
 * networks.
 * Known differences: authorization-mode and extraSANs are files without an effect; a stopped host stays Ready, because kwok
 * emulates its kubelet; the first join does not interrupt the API.
 */
import { cpuNodes, type NodeShape } from "../../control-plane/nodes";
import { type Host, type HostOptions, startHost } from "../host";
import { type Listener, ss } from "../listening";
import { Snapd } from "../snap/snapd";
import { Cluster } from "./cluster";
import { Faults } from "./faults";
import { Files } from "./files";
import { Installation } from "./installation";
import { MemoryCluster } from "./memory-cluster";
import { Microk8sNode, type Surroundings } from "./node";
import { portsOf } from "./ports";
import type { KubeRest } from "./rest";

export interface Microk8sEmulatorOptions {
    /** The API of the first host's cluster. @default a cluster in memory */
    api?: KubeRest;
    /** Factor for the waits of MicroK8s, such as the 5 s between two checks for a launch configuration. @default 0.02 */
    scale?: number;
}

export interface Microk8sHostOptions extends HostOptions {
    /** Address of the host: 127.0.0.x. Each host needs its own: MicroK8s rejects a join of two hosts with the same address. */
    address: string;
    /** Capacity of the host's Node. @default the capacity of a plain server */
    shape?: Omit<NodeShape, "name">;
    /** Whether the host starts with a separate cluster in memory even if it is the first host. @default false */
    foreign?: boolean;
    /** Whether the host has at most 512 MiB of memory. @default false */
    lowMemory?: boolean;
    /** Whether snapd is installed on the host. @default true */
    snapd?: boolean;
    /** Additional listening sockets in the output of `ss`. */
    listening?: Listener[];
}

export interface Microk8sHost extends Host {
    readonly name: string;
    /** Injected failures. */
    readonly faults: Faults;
    /** Additional listening sockets in the output of `ss`. Tests can change the list. */
    readonly listening: Listener[];
    /** The MicroK8s on the host; undefined if it is not installed. */
    readonly microk8s: Microk8sNode | undefined;
    /** State of snapd. `release`: the installed release. `isHeld`: whether refreshes are held. */
    readonly snapd: Pick<Snapd, "release" | "isHeld">;
}

export class Microk8sEmulator {
    private readonly hosts: Microk8sHost[] = [];
    private readonly sandbox: Cluster;
    private readonly scale: number;
    /** Name of the host whose cluster is the sandbox's control plane. */
    private first: string | undefined;

    constructor({ api = new MemoryCluster(), scale = 0.02 }: Microk8sEmulatorOptions = {}) {
        this.sandbox = new Cluster(api);
        this.scale = scale;
    }

    async startHost(options: Microk8sHostOptions): Promise<Microk8sHost> {
        const { name, address, shape = cpuNodes(1)[0], foreign = false, lowMemory = false } = options;
        if (this.hosts.some((host) => host.address === address))
            throw new Error(
                `sandbox: ${name}: another host already has the address ${address}. Choose a different address.`,
            );
        if (!foreign) this.first ??= address;
        const host = await startHost(options);
        const faults = new Faults();
        const listening = options.listening ?? [];
        const place = {
            name,
            address,
            lowMemory,
            shape: { ...shape, name },
            files: new Files(host.root),
            faults,
            surroundings: this.surroundings,
        };
        const installation = new Installation(host, place, options.diskFull ?? false);
        const snapd = new Snapd(installation);
        if (options.snapd ?? true)
            host.stage.lay("/usr/local/sbin/snap", (call) => snapd.run(call.args, call.privileged));
        host.stage.lay("/usr/local/sbin/ss", ({ args, privileged }) =>
            ss(args, [...listening, ...portsOf(installation.node)], privileged),
        );
        const { hosts } = this;
        const withMicrok8s: Microk8sHost = {
            ...host,
            name,
            faults,
            listening,
            snapd,
            get microk8s() {
                return installation.node;
            },
            close: async () => {
                const at = hosts.indexOf(withMicrok8s);
                if (at >= 0) hosts.splice(at, 1);
                await installation.node?.close();
                await host.close();
            },
        };
        hosts.push(withMicrok8s);
        return withMicrok8s;
    }

    async close(): Promise<void> {
        for (const host of [...this.hosts]) await host.close();
    }

    private readonly surroundings: Surroundings = {
        newCluster: ({ address }) => {
            const isFirst = address === this.first && this.sandbox.members.length === 0;
            return isFirst ? this.sandbox : new Cluster(new MemoryCluster(`https://${address}:16443`));
        },
        at: (where) => {
            const found = this.hosts.find(({ address, name }) => address === where || name === where);
            return found && { node: found.microk8s };
        },
        milliseconds: (seconds) => Math.max(seconds * 1000 * this.scale, 1),
    };
}
