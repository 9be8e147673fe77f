import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../host-command";
import type { Storage } from "./launch";
import { Microk8sNode, type NodeHost } from "./node";
import { clusterScript, drainSeconds } from "./scripts";
import { placeOf } from "../ssh-host";

export interface Microk8sArgs {
    /** Hosts that become nodes. The first control-plane one starts the cluster, the others join in this order. */
    nodes: NodeHost[];
    /** Channel of the snap, as track/risk. Nodes that run are never upgraded. */
    channel: string;
    /** More names and addresses in the API server's certificate. Each node's own address is in it. */
    sans: string[];
    /** StorageClass that the cluster gets. */
    storage: Storage;
    /** Network that pods get their addresses from. Unset: MicroK8s' own, 10.1.0.0/16. */
    podNetwork?: string;
    /** Longest wait for one state of a node, in seconds. */
    waitSeconds: number;
}

/** Settings of the gateway that the nodes need. */
export interface Microk8sLoad {
    /** Longest time one answer may take, in seconds: a node that leaves waits for its pods to finish theirs. */
    answerTimeoutSeconds: number;
}

/**
 * A MicroK8s cluster on hosts that are reached by SSH. Nodes join one after another. A node in the required state is
 * not changed, and a node that this stack did not install is rejected. The next run completes an interrupted one.
 */
export class Microk8s extends pulumi.ComponentResource {
    /** Access for an administrator; secret. Known when every node is ready. */
    readonly kubeconfig: pulumi.Output<string>;

    constructor(name: string, args: Microk8sArgs & Microk8sLoad, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:Microk8s", name, {}, opts);
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

        const seed = node(first, []);
        const addons = ask("addons", [seed]);
        const all: pulumi.Resource[] = [seed];
        for (const host of nodes.filter((other) => other !== first)) all.push(node(host, all.slice(-1)));

        this.kubeconfig = pulumi.secret(ask("kubeconfig", [...all, addons]).stdout);
        this.registerOutputs({});
    }
}
