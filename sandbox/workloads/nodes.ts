/**
 * What happens to the machines of the cluster, and to single pods, as tests bring it about.
 *
 * `drain` is kubectl's: the node is cordoned, and the eviction of each pod is asked for until the API server, which knows
 * the PodDisruptionBudgets, grants it. `cutOff` is a machine without power or network: nothing reaches its pods at once; 50 s
 * later (node-monitor-grace-period) its Ready is Unknown and its pods' Ready False, as the node lifecycle controller writes
 * them, and the real controllers do the rest: taints, endpoints, budgets. That controller's own clock cannot be made
 * faster, so the two conditions are written here; kwok no longer looks at the node meanwhile.
 *
 * Unsupported: the eviction of a lost node's pods after 300 s is the real one's, in real time; kwok takes deleted pods
 * of a lost node away, where the real API server waits for their kubelet.
 */
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { ApiError } from "../rampart/kubernetes/api";
import type { Rest } from "../rampart/kubernetes/rest";
import { waitFor } from "../processes";
import { elapse, type Clock } from "./clock";
import { isReady } from "./cluster";

/** The annotation by which kwok knows its nodes. */
const KWOK = { annotation: "kwok.x-k8s.io/node", value: "fake" };
/** kube-controller-manager's --node-monitor-grace-period. */
const GIVEN_UP_SECONDS = 50;
/** kubectl's pause before it asks again for an eviction that was refused. */
const ASK_AGAIN_SECONDS = 5;
/** Longest wait until the gateways have seen what was written, in seconds. */
const KNOWN_SECONDS = 60;
/** The shortest pause between two looks at the API server, in seconds. */
const SHORTEST_PAUSE = 0.05;

export interface NodesOptions {
    rest: Rest;
    clock: Clock;
    gateways: {
        kill(uid: string): Promise<void>;
        cutOff(node: string): void;
        bringBack(node: string): void;
        leadTo(node: string): boolean;
    };
    /** Called when a node has been cut off or is back. */
    changed(): void;
}

export class Nodes {
    constructor(private readonly options: NodesOptions) {}

    /** Ends a pod at once, as a kernel out of memory does, and takes its object away. */
    async killPod(namespace: string, name: string): Promise<void> {
        const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
        const pod = await this.options.rest.call<V1Pod>("GET", path);
        await this.options.gateways.kill(pod.metadata!.uid!);
        await this.options.rest.call("DELETE", path, { gracePeriodSeconds: 0 });
    }

    /**
     * Empties a node, and keeps new pods off it.
     * @param limits longest wait for its pods to be gone, in seconds
     * @returns how often an eviction was refused
     */
    async drain(node: string, limits: { seconds: number }): Promise<{ refused: number }> {
        await this.cordon(node, true);
        let refused = 0;
        await waitFor(
            `node ${node}: drained`,
            async () => {
                const left = (await this.podsOn(node)).filter(isEvicted);
                for (const { metadata } of left) {
                    if (metadata!.deletionTimestamp) continue;
                    if (!(await this.evict(metadata!.namespace!, metadata!.name!))) refused++;
                }
                return left.length === 0;
            },
            {
                seconds: limits.seconds,
                everyMilliseconds: 1000 * Math.max(SHORTEST_PAUSE, ASK_AGAIN_SECONDS * this.options.clock.secondLasts),
                hint: async () => `Left: ${(await this.podsOn(node)).map((p) => p.metadata!.name).join(", ")}`,
            },
        );
        return { refused };
    }

    /** Keeps new pods off a node, or lets them in again. */
    async cordon(node: string, yes: boolean): Promise<void> {
        await this.options.rest.call("PATCH", `/api/v1/nodes/${node}`, { spec: { unschedulable: yes } });
    }

    /** Resolves when the cluster has given the node up, and no new connection is led there. */
    async cutOff(node: string): Promise<void> {
        const { rest, clock, gateways, changed } = this.options;
        gateways.cutOff(node);
        changed();
        await rest.call("PATCH", `/api/v1/nodes/${node}`, { metadata: { annotations: { [KWOK.annotation]: null } } });
        await elapse(clock, GIVEN_UP_SECONDS);
        await this.setConditions(node, "Unknown");
        for (const pod of await this.podsOn(node)) await this.setReady(pod, "False");
        // They see it by a watch, and not in the middle of a look at the cluster, which takes seconds on a busy machine.
        await waitFor(`node ${node}: without callers`, () => !gateways.leadTo(node), { seconds: KNOWN_SECONDS });
    }

    /** Resolves when the node takes pods again, and those that stayed on it are ready. */
    async bringBack(node: string): Promise<void> {
        const { rest, gateways, changed } = this.options;
        gateways.bringBack(node);
        changed();
        const path = `/api/v1/nodes/${node}`;
        await rest.call("PATCH", path, { metadata: { annotations: { [KWOK.annotation]: KWOK.value } } });
        await this.setConditions(node, "True");
        for (const pod of await this.podsOn(node)) if (!isReady(pod)) await this.setReady(pod, "True");
        await waitFor(
            `node ${node}: back`,
            async () =>
                !(await rest.call<V1Node>("GET", path)).spec?.taints?.some(({ effect }) => effect === "NoExecute"),
            { seconds: 120 },
        );
    }

    /** @returns false where a PodDisruptionBudget forbids it now */
    private async evict(namespace: string, name: string): Promise<boolean> {
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
        try {
            await this.options.rest.call("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, eviction);
            return true;
        } catch (error) {
            if (!(error instanceof ApiError) || ![404, 429].includes(error.status)) throw error;
            return error.status === 404;
        }
    }

    private async podsOn(node: string): Promise<V1Pod[]> {
        const path = `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`;
        return (await this.options.rest.call<{ items: V1Pod[] }>("GET", path)).items;
    }

    private async setConditions(name: string, status: "Unknown" | "True"): Promise<void> {
        const path = `/api/v1/nodes/${name}`;
        const node = await this.options.rest.call<V1Node>("GET", path);
        const lost = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
        const conditions = (node.status?.conditions ?? []).map((condition) => ({
            ...condition,
            ...(status === "Unknown"
                ? { status, ...lost }
                : { status: condition.type === "Ready" ? "True" : "False", reason: "Kubelet", message: "" }),
            lastTransitionTime: new Date().toISOString(),
        }));
        await this.options.rest.call("PATCH", `${path}/status`, { status: { conditions } });
    }

    private async setReady(pod: V1Pod, status: "True" | "False"): Promise<void> {
        const { namespace, name } = pod.metadata!;
        const conditions = (pod.status?.conditions ?? []).map((condition) =>
            condition.type === "Ready" ? { ...condition, status, lastTransitionTime: new Date() } : condition,
        );
        await this.options.rest.call("PATCH", `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
            status: { conditions },
        });
    }
}

/** As kubectl drain --ignore-daemonsets picks them. */
function isEvicted({ metadata, status }: V1Pod): boolean {
    const ownedBy = metadata?.ownerReferences?.[0]?.kind;
    return ownedBy !== "DaemonSet" && !["Succeeded", "Failed"].includes(status?.phase ?? "");
}
