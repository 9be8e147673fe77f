/**
 * Emulates snap and MicroK8s 1.34 on hosts of the sandbox. Facts: canonical/microk8s (snap/hooks, scripts/wrappers),
 * canonical/microk8s-cluster-agent (k8sinit), canonical/microk8s-core-addons, and snapd's cmd/snap.
 *
 *     const microk8s = new Microk8sEmulator({ api: restOf(controlPlane.adminKubeConfig) });
 *     const first = await microk8s.startHost({ name: "gateway-01", address: "127.0.0.11", password: "…", sudo: "password" });
 *     first.faults.add({ step: "join" });
 *     await microk8s.close();
 *
 * On each host there are `snap`, `ss`, `hostname` and, once it is installed, `/snap/bin/microk8s`. The cluster of the first host
 * is the sandbox's control plane, so its API server has that one's address and certificate and not `<host>:16443`; with
 * `foreign`, and until a host joins, a host has a cluster of its own in memory. Nodes that join become Node objects, which
 * kwok emulates; those that are removed are deleted. Nothing listens on MicroK8s' ports: `ss` only says so.
 *
 * Known differences: authorization-mode and extraSANs are files without an effect; a stopped host stays Ready, since
 * kwok emulates its kubelet; the first join does not interrupt the API; there are no images, containers or networks.
 * Add-ons emulated: dns, hostpath-storage, metrics-server, rbac (a file of the node), ha-cluster and helm3 as they are
 * on from the start. Refused by name: every other add-on, subcommand, option and snap.
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
    /** The API of the first host's cluster. @default one in memory */
    api?: KubeRest;
    /** Multiplies MicroK8s' own waits, such as the 5 s between two looks for a launch configuration. @default 0.02 */
    scale?: number;
}

export interface Microk8sHostOptions extends HostOptions {
    /** Address of its own: 127.0.0.x. MicroK8s refuses to join two with one address. */
    address: string;
    /** What its node can hold. @default that of a plain server */
    shape?: Omit<NodeShape, "name">;
    /** Its cluster is never the sandbox's control plane, until it joins that. @default false */
    foreign?: boolean;
    /** Has no more than 512 MiB of memory. @default false */
    lowMemory?: boolean;
    /** Has snapd. @default true */
    snapd?: boolean;
    /** What listens on it besides MicroK8s, as `ss` says it. */
    listening?: Listener[];
}

export interface Microk8sHost extends Host {
    readonly name: string;
    /** Failures on order. */
    readonly faults: Faults;
    /** What listens on it besides MicroK8s; can be changed. */
    readonly listening: Listener[];
    /** MicroK8s on it, while that is installed. */
    readonly microk8s: Microk8sNode | undefined;
    /** What snapd knows. */
    readonly snapd: Pick<Snapd, "release" | "isHeld">;
}

export class Microk8sEmulator {
    private readonly hosts: Microk8sHost[] = [];
    private readonly sandbox: Cluster;
    private readonly scale: number;
    /** The host whose cluster is the sandbox's. */
    private first: string | undefined;

    constructor({ api = new MemoryCluster(), scale = 0.02 }: Microk8sEmulatorOptions = {}) {
        this.sandbox = new Cluster(api);
        this.scale = scale;
    }

    async startHost(options: Microk8sHostOptions): Promise<Microk8sHost> {
        const { name, address, shape = cpuNodes(1)[0], foreign = false, lowMemory = false } = options;
        if (this.hosts.some((host) => host.address === address))
            throw new Error(`sandbox: ${name}: address ${address} is another host's.`);
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
