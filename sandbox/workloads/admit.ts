/** Starts each pod if all objects that it requires exist (see kubelet.ts), and checks whether Services are reachable. */
import type { V1Pod } from "@kubernetes/client-node";
import { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION } from "../control-plane";
import { decoded, isReady, selects, type Cluster, type Snapshot } from "./cluster";
import { missing, type Supplies, type Waits } from "./kubelet";
import { APISIX, runs } from "./pods/images";

/** The objects of the cluster that the checks of kubelet.ts look up. */
export function suppliesOf(now: Snapshot, more: Pick<Supplies, "edge" | "connected" | "images" | "listens">): Supplies {
    return {
        ...more,
        secrets: new Map(now.secrets.map((s) => [key(s), decoded(s)])),
        configMaps: new Map(now.configMaps.map((m) => [key(m), m.data ?? {}])),
        boundClaims: new Set(now.claims.filter((c) => c.status?.phase === "Bound").map(key)),
        reachable: (namespace, host, port) => answers(now, namespace, host, port),
    };
}

/**
 * Starts each pod that has everything it needs. If something is missing, writes the reason into the status of the pod.
 * @param begin starts the containers of a pod that waits only for its readiness probe
 */
export async function admit(
    cluster: Cluster,
    pods: V1Pod[],
    supplies: Supplies,
    begin: (pod: V1Pod) => void,
): Promise<void> {
    for (const pod of pods) {
        const { annotations, deletionTimestamp } = pod.metadata!;
        if (!pod.spec?.nodeName || deletionTimestamp || annotations?.[STARTABLE_ANNOTATION]) continue;
        const path = `/api/v1/namespaces/${pod.metadata!.namespace}/pods/${pod.metadata!.name}`;
        const lack = missing(pod, supplies);
        if (!lack) {
            const slowly = runs(pod, APISIX) ? { [ENDS_SLOWLY_ANNOTATION]: "true" } : {};
            const annotations = { [STARTABLE_ANNOTATION]: "true", ...slowly };
            await cluster.rest.call("PATCH", path, { metadata: { annotations } });
            continue;
        }
        if (lack.runs) begin(pod);
        const containerStatuses = waitingStatuses(pod, lack);
        if (reasons(pod.status?.containerStatuses) === reasons(containerStatuses)) continue;
        await cluster.rest.call("PATCH", `${path}/status`, { status: { containerStatuses } });
    }
}

/** The statuses of a pod's containers while one of them, or the whole pod, waits. */
export function waitingStatuses(pod: V1Pod, { container, reason, message }: Waits) {
    return pod.spec!.containers.map(({ name, image }) => {
        const waiting = (container ?? name) === name ? { message, reason } : { reason: "PodInitializing" };
        return { name, image: image!, imageID: "", ready: false, restartCount: 0, started: false, state: { waiting } };
    });
}

/**
 * Only the waiting reasons and messages of containers. Statuses are compared by them, because the API server adds other
 * fields.
 */
function reasons(statuses: { state?: { waiting?: { reason?: string; message?: string } } }[] | undefined): string {
    return JSON.stringify((statuses ?? []).map(({ state }) => [state?.waiting?.reason, state?.waiting?.message]));
}

/** Whether the Service `<service>[.<namespace>[.svc…]]` has the port and a ready pod. @param from default namespace */
export function answers(now: Snapshot, from: string, host: string, port: number): boolean {
    const [name, namespace = from] = host.split(".");
    const service = now.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    return (
        service !== undefined &&
        (service.spec?.ports ?? []).some((p) => p.port === port) &&
        now.pods.some((pod) => isReady(pod) && selects(service, pod))
    );
}

function key(object: { metadata?: { namespace?: string; name?: string } }): string {
    return `${object.metadata!.namespace}/${object.metadata!.name}`;
}
