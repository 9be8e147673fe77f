/** Lets pods start if kubelet.ts finds what they need, and answers the checks of their network access. */
import type { V1Pod } from "@kubernetes/client-node";
import { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION } from "../control-plane";
import { decoded, isReady, selects, type Cluster, type Snapshot } from "./cluster";
import { missing, type Supplies } from "./kubelet";
import { tellMountFailure } from "./mount-events";
import { APISIX, runs } from "./pods/images";

/** Objects that pods may use. */
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
 * Lets every pod start that has what it needs, and writes to the others why they wait.
 * @param begin starts the containers of a pod that is not ready
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
        const containerStatuses = waitingStatuses(pod, lack.container, lack.reason, lack.message);
        if (reasons(pod.status?.containerStatuses) === reasons(containerStatuses)) continue;
        await cluster.rest.call("PATCH", `${path}/status`, { status: { containerStatuses } });
        tellMountFailure(cluster, pod, lack.message);
    }
}

function waitingStatuses(pod: V1Pod, container: string | undefined, reason: string, message: string) {
    return pod.spec!.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: false,
        restartCount: 0,
        started: false,
        state: {
            waiting:
                container === undefined || container === name ? { message, reason } : { reason: "PodInitializing" },
        },
    }));
}

/** Reasons why the containers wait. The API server adds other fields. */
function reasons(statuses: { state?: { waiting?: { reason?: string; message?: string } } }[] | undefined): string {
    return JSON.stringify((statuses ?? []).map(({ state }) => [state?.waiting?.reason, state?.waiting?.message]));
}

/** Whether a ready pod is behind `<service>[.<namespace>[.svc…]]` for cluster DNS and kube-proxy. */
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
