import { openLister, type Live, type PlainAccess } from "./cluster-reader";
import { connectToPod, type PodConnection, type PodConnectionError } from "./pod-connection";
import type { Verdict } from "./readiness";

// Part of what the state keeps as text for dynamic resources, by the rules of awaited-provider.ts.

/** The pods of a gateway, which are asked whether a change has reached them. */
export interface GatewayPods {
    /** Namespace the APISIX pods run in. */
    namespace: string;
    /** Labels that the pods have in common. */
    labels: Record<string, string>;
    /**
     * What happens when the pods cannot be found or asked. `fail`: the stack installed them, so that is an error.
     * `settle`: the gateway already existed, and the user may lack permission: the settle time is waited instead.
     */
    unasked: "fail" | "settle";
}

/** Ports of an APISIX container. */
export const POD_DATA_PORT = 9080;
export const POD_ADMIN_PORT = 9180;

/** Whether a pod has these labels, takes requests, and is not about to end. */
export function isReadyPod({ metadata, status }: Live, labels: Record<string, string>): boolean {
    return (
        metadata?.deletionTimestamp === undefined &&
        Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value) &&
        (status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True")
    );
}

/**
 * A verdict that rests on what the pods answered alone, although the Admin API should have been read too.
 * @param viewer the key for reading it
 */
export function withoutAdmin(verdict: Verdict, gateway: GatewayPods, viewer: string | undefined): Verdict {
    if (viewer !== undefined || verdict.state !== "ready") return verdict;
    const why = `no Secret ${gateway.namespace}/apisix-admin-keys can be read, so limits and tokens of key pairs were not looked up`;
    if (gateway.unasked === "fail") return { state: "failed", finalAfterSeconds: 0, why };
    return { state: "ready", unproved: verdict.unproved ?? why };
}

/** A command to look with, at what should have passed a change on. */
export function controllerLogs(namespace: string): string {
    return `Look: kubectl -n ${namespace} logs -l 'app.kubernetes.io/name in (ingress-controller, apisix-ingress-controller)'`;
}

/**
 * Asks every ready pod of a gateway by itself.
 * @param ask what a pod still lacks, or undefined when it has the change; called for all pods at once
 */
export async function askEveryPod(
    access: PlainAccess,
    gateway: GatewayPods,
    ask: (connect: (port: number) => PodConnection) => Promise<string | undefined>,
): Promise<Verdict> {
    const { namespace, labels, unasked } = gateway;
    const cannot = (why: string): Verdict =>
        unasked === "settle" ? { state: "ready", unproved: why } : { state: "failed", finalAfterSeconds: 0, why };
    let pods: Live[];
    try {
        pods = await openLister(access)("v1", "Pod", namespace);
    } catch (error) {
        if ((error as { code?: number }).code !== 403) throw error;
        return cannot(`the kubeconfig user lacks permission to list pods in namespace ${namespace} (RBAC).`);
    }
    const ready = pods.filter((pod) => isReadyPod(pod, labels));
    if (ready.length === 0) {
        const selector = Object.entries(labels).map((pair) => pair.join("="));
        const why = `no ready pod with the labels ${selector.join(",")} in namespace ${namespace}`;
        return unasked === "settle" ? { state: "ready", unproved: why } : { state: "waiting", why };
    }
    const answers = await Promise.all(
        ready.map(async ({ metadata }) => {
            const connections: PodConnection[] = [];
            const connect = (port: number) => {
                const connection = connectToPod(access, { namespace, pod: metadata!.name!, port });
                connections.push(connection);
                return connection;
            };
            try {
                const lacks = await ask(connect);
                return lacks === undefined ? undefined : { why: `pod ${namespace}/${metadata!.name}: ${lacks}` };
            } catch (error) {
                const { message, status } = error as PodConnectionError;
                const title = `pod ${namespace}/${metadata!.name}: `;
                return { why: message.startsWith("pod ") ? message : title + message, status };
            } finally {
                for (const connection of connections) connection.close();
            }
        }),
    );
    if (answers.some((answer) => answer?.status === 403))
        return cannot(
            `the kubeconfig user lacks permission to create pods/portforward in namespace ${namespace} (RBAC).`,
        );
    // At a gateway that existed, pods with the same labels may have another port, or be a control plane.
    const other = (answer: (typeof answers)[number]) => /connection refused/.test(answer?.why ?? "");
    const listening = unasked === "settle" ? answers.filter((answer) => !other(answer)) : answers;
    if (listening.length === 0) return cannot(`no pod in namespace ${namespace} listens on port ${POD_DATA_PORT}`);
    const lagging = listening.filter((answer) => answer !== undefined);
    if (lagging.length === 0) return { state: "ready", proved: true };
    return { state: "waiting", why: `${lagging.length} of ${listening.length} gateway pods lag, ${lagging[0].why}` };
}
