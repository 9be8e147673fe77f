/**
 * Failures and maintenance of nodes and pods, for tests.
 *
 * `drain` does what kubectl does: it cordons the node and requests the eviction of each pod. While a PodDisruptionBudget
 * forbids the eviction, the API server rejects the request, and `drain` repeats it. `cutOff` simulates a node without power
 * or network: its pods are unreachable at once. In a real cluster, the node lifecycle controller notices this after 50 s
 * (node-monitor-grace-period). It sets the condition Ready of the node to Unknown, and the condition Ready of its pods to
 * False. The clock of this controller cannot be accelerated, so this file writes the two conditions, and kwok ignores the
 * node until `bringBack`. Real controllers then update taints, endpoints and budgets.
 *
 * Known differences: the eviction of a lost node's pods after 300 s happens in real time; kwok deletes pods of a lost node,
 * although a real cluster waits for the node's kubelet.
 */
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { ApiError } from "../rampart/kubernetes/api";
import type { Rest } from "../rampart/kubernetes/rest";
import { waitFor } from "../processes";
import { elapse, type Clock } from "./clock";
import { isReady } from "./cluster";

/** Annotation of the nodes that kwok manages. */
const KWOK = { annotation: "kwok.x-k8s.io/node", value: "fake" };
/** kube-controller-manager's --node-monitor-grace-period. */
const GIVEN_UP_SECONDS = 50;
/** kubectl's pause after a rejected eviction. */
const ASK_AGAIN_SECONDS = 5;
/** Longest wait until the emulated gateways have seen a change of the API server, in seconds. */
const KNOWN_SECONDS = 60;
/** The shortest poll interval for the API server, in seconds. */
const SHORTEST_PAUSE = 0.05;

interface NodesOptions {
    rest: Rest;
    clock: Clock;
    gateways: {
        kill(uid: string): Promise<void>;
        cutOff(node: string): void;
        bringBack(node: string): void;
        leadTo(node: string): boolean;
    };
    /** Called when a node is cut off or brought back. */
    changed(): void;
}

export class Nodes {
    constructor(private readonly options: NodesOptions) {}

    /** Ends a pod at once, as an out-of-memory kill does, and deletes its object. */
    async killPod(namespace: string, name: string): Promise<void> {
        const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
        const pod = await this.options.rest.call<V1Pod>("GET", path);
        await this.options.gateways.kill(pod.metadata!.uid!);
        await this.options.rest.call("DELETE", path, { gracePeriodSeconds: 0 });
    }

    /**
     * Drains and cordons a node.
     * @param limits longest wait for the deletion of the node's pods, in seconds
     * @returns number of rejected evictions
     */
    async drain(node: string, limits: { seconds: number }): Promise<{ refused: number }> {
        await this.cordon(node, true);
        let refused = 0;
        await waitFor(
            `node ${node} to be drained`,
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
                hint: async () => `Pods left: ${(await this.podsOn(node)).map((p) => p.metadata!.name).join(", ")}`,
            },
        );
        return { refused };
    }

    /** Cordons or uncordons a node. */
    async cordon(node: string, yes: boolean): Promise<void> {
        await this.options.rest.call("PATCH", `/api/v1/nodes/${node}`, { spec: { unschedulable: yes } });
    }

    /** Resolves when the cluster treats the node as lost, and sends it no new connections. */
    async cutOff(node: string): Promise<void> {
        const { rest, clock, gateways, changed } = this.options;
        gateways.cutOff(node);
        changed();
        await rest.call("PATCH", `/api/v1/nodes/${node}`, { metadata: { annotations: { [KWOK.annotation]: null } } });
        await elapse(clock, GIVEN_UP_SECONDS);
        await this.setConditions(node, "Unknown");
        for (const pod of await this.podsOn(node)) await this.setReady(pod, "False");
        // The gateways read the conditions from a watch, after the current reconciliation. This takes seconds on a busy
        // machine.
        await waitFor(`node ${node} to get no more new connections`, () => !gateways.leadTo(node), {
            seconds: KNOWN_SECONDS,
        });
    }

    /** Resolves when the node accepts pods again, and its remaining pods are ready. */
    async bringBack(node: string): Promise<void> {
        const { rest, gateways, changed } = this.options;
        gateways.bringBack(node);
        changed();
        const path = `/api/v1/nodes/${node}`;
        await rest.call("PATCH", path, { metadata: { annotations: { [KWOK.annotation]: KWOK.value } } });
        await this.setConditions(node, "True");
        for (const pod of await this.podsOn(node)) if (!isReady(pod)) await this.setReady(pod, "True");
        await waitFor(
            `node ${node} to accept pods again`,
            async () =>
                !(await rest.call<V1Node>("GET", path)).spec?.taints?.some(({ effect }) => effect === "NoExecute"),
            { seconds: 120 },
        );
    }

    /** @returns whether the pod is evicted or already deleted; false if a PodDisruptionBudget forbids it for now */
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
        const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
        await this.options.rest.call("PATCH", path, { status: { conditions } }).catch((error: unknown) => {
            // 404: the pod was already evicted, because it does not tolerate a lost node.
            if (!(error instanceof ApiError && error.status === 404)) throw error;
        });
    }
}

/** Whether `kubectl drain --ignore-daemonsets` evicts a pod. */
function isEvicted({ metadata, status }: V1Pod): boolean {
    const ownedBy = metadata?.ownerReferences?.[0]?.kind;
    return ownedBy !== "DaemonSet" && !["Succeeded", "Failed"].includes(status?.phase ?? "");
}
