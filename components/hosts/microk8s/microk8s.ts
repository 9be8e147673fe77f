import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../host-command";
import type { Storage } from "./launch";
import { Microk8sNode, type NodeHost } from "./node";
import { clusterScript, drainSeconds } from "./scripts";
import { placeOf } from "../ssh-host";
import { fingerprints } from "../../meaning/fingerprint";
import { plain } from "../../meaning/plain";

export interface Microk8sArgs {
    /** Hosts of the nodes. The first control-plane node starts the cluster, and the others join in this order. */
    nodes: NodeHost[];
    /** Channel of the snap, in the form track/risk. Running nodes are never upgraded. */
    channel: string;
    /** Additional names and addresses in the API server's certificate, which always has each node's own address. */
    sans: string[];
    /** StorageClass of the cluster. */
    storage: Storage;
    /** Pod network. Default: 10.1.0.0/16, the default of MicroK8s. */
    podNetwork?: string;
    /** Longest wait in seconds for each of these steps: a node is installed, a node is ready, a node has joined. */
    waitSeconds: number;
}

/** The gateway's time limit, which the nodes need too. */
interface Microk8sLoad {
    /** Longest time one answer may take, in seconds. A node that leaves waits until its pods have finished their answers. */
    answerTimeoutSeconds: number;
}

/**
 * A MicroK8s cluster on hosts that are managed over SSH. Nodes join one after another. A node in the required state is not
 * changed, and a node that this stack did not install is rejected. If a run is interrupted, the next run continues.
 */
export class Microk8s extends pulumi.ComponentResource {
    /** Kubeconfig of an administrator; secret. Known when every node is ready. */
    readonly kubeconfig: pulumi.Output<string>;

    /** @param seed secret of the stack, for the fingerprints of the hosts' keys */
    constructor(
        name: string,
        args: Microk8sArgs & Microk8sLoad,
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:Microk8s", name, plain(args, fingerprints(seed)), opts);
        const { nodes, waitSeconds, storage, answerTimeoutSeconds } = args;
        const first = nodes.find(({ role }) => role === "control-plane")!;
        const second = nodes.find((host) => host !== first && host.role === "control-plane");
        const waits = { readySeconds: waitSeconds, drainSeconds: drainSeconds(answerTimeoutSeconds) };
        const node = (host: NodeHost, after: pulumi.Resource[]) =>
            new Microk8sNode(
                `${name}-${placeOf(host)}`,
                { ...args, host, peer: host === first ? second : first, first: host === first, waits, after },
                { parent: this },
            );
        const ask = (what: string, dependsOn: pulumi.Resource[]) => {
            const script = pulumi
                .output(first.sudoPassword)
                .apply((sudoPassword) =>
                    clusterScript({ node: "", place: placeOf(first), storage, sudoPassword }, waits),
                );
            return hostCommand(`${name}-${what}`, { on: first, create: [what], script }, { parent: this, dependsOn });
        };

        const founder = node(first, []);
        const addons = ask("addons", [founder]);
        const all: pulumi.Resource[] = [founder];
        for (const host of nodes.filter((other) => other !== first)) all.push(node(host, all.slice(-1)));

        this.kubeconfig = pulumi.secret(ask("kubeconfig", [...all, addons]).stdout);
        this.registerOutputs({});
    }
}
