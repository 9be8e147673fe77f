/** What each pod of a gateway answers to a credential that was revoked. */
import { openApiServer, type PlainAccess } from "../../../components/kubernetes/api-server";
import { openLister, openReader, type Live, type Reader } from "../../../components/kubernetes/cluster-reader";
import { askWith, type Sent } from "../../../components/consumers/credential-evidence";
import {
    askReadyPods,
    askUnreadyPods,
    isClosed,
    LACKS_PERMISSION,
    podsTitle,
    POD_DATA_PORT,
    type GatewayPods,
} from "../../../components/apisix/gateway-pods";

/** The pods that must reject a revoked credential, and the access to query them. */
export interface ProvingPods {
    access: PlainAccess;
    /** Unset if the stack's outputs do not name the pods. */
    pods?: GatewayPods;
}

export interface PodEvidence {
    /** Number of queried pods. */
    asked: number;
    /** Queried pods that do not reject the credential, each with its answer. */
    lagging: string[];
    /** Pods that could not be queried, and why. */
    unasked: string[];
    /** Whether the proof is partial, because not all pods of an existing gateway can be queried. */
    isPartial: boolean;
}

const UNKNOWN_PODS =
    "the gateway's stack was last updated by an older version, whose outputs do not name the gateway pods";

/** Asks every pod once. */
export async function askRejected({ access, pods }: ProvingPods, sent: Sent): Promise<PodEvidence> {
    if (pods === undefined) return { asked: 0, lagging: [], unasked: [UNKNOWN_PODS], isPartial: true };
    const settles = pods.unasked === "settle";
    const whole = (why: string): PodEvidence => ({ asked: 0, lagging: [], unasked: [why], isPartial: settles });
    try {
        const api = openApiServer(access);
        const live = await openLister(access, api)("v1", "Pod", pods.namespace);
        const reports = await askReadyPods(access, pods, live, (connect) =>
            askWith(() => connect(POD_DATA_PORT), "rejects", [sent]),
        );
        const idle = await idlePods(live, pods, openReader(access, api));
        if (reports.length === 0) return whole(`there is no ready ${podsTitle(pods)}`);
        const failed = reports.filter(({ error }) => error !== undefined);
        const needed = failed.some(({ status }) => status === 403)
            ? [`${LACKS_PERMISSION} create pods/portforward in namespace ${pods.namespace} (RBAC)`]
            : [];
        return {
            asked: reports.length - failed.length + unready.length - unreachable.length,
            lagging: [...reports, ...unready].flatMap(({ title, lacks }) =>
                lacks === undefined ? [] : [`${title}: ${lacks}`],
            ),
            unasked: [...failed.map(({ error }) => error!), ...needed, ...unreachable],
            isPartial:
                settles &&
                failed.length > 0 &&
                unreachable.length === 0 &&
                failed.every((one) => one.status === 403 || isClosed(one)),
        };
    } catch (error) {
        const { code, message } = error as { code?: number; message: string };
        return whole(
            code === 403
                ? `${LACKS_PERMISSION} list pods in namespace ${pods.namespace} (RBAC)`
                : `the pods of namespace ${pods.namespace} could not be listed: ${message.split("\n")[0]}`,
        );
    }
}

/** Running pods that were not queried although they may still serve callers. */
async function idlePods(live: Live[], { namespace, labels }: GatewayPods, read: Reader): Promise<string[]> {
    const running = live.filter(
        (pod) =>
            pod.status?.phase === "Running" &&
            Object.entries(labels).every(([key, value]) => pod.metadata?.labels?.[key] === value) &&
            !isReadyPod(pod, labels),
    );
    const whys = await Promise.all(running.map(async (pod) => ({ pod, why: await whyIdle(pod, read) })));
    return whys.flatMap(({ pod, why }) =>
        why === undefined ? [] : [`pod ${namespace}/${pod.metadata!.name}: ${why}, so it was not queried`],
    );
}

/**
 * Why a running pod that is not ready, or is terminating, may still serve callers. Kubernetes deletes the pods of a node
 * that it cannot reach, and they may run on there.
 * @returns undefined for a pod that terminates within its grace period, on a node that is ready
 */
async function whyIdle({ metadata, spec }: Live, read: Reader): Promise<string | undefined> {
    const end = metadata!.deletionTimestamp as string | undefined;
    if (end === undefined) return "it is running but not ready";
    // Kubernetes has added the grace period.
    if (Date.parse(end) <= Date.now()) return `it is still running and had to end by ${end}`;
    const name = (spec as { nodeName: string }).nodeName;
    try {
        const node = await read({ apiVersion: "v1", kind: "Node", name });
        const ready = node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
        return ready ? undefined : `it is terminating on node ${name}, which is not ready`;
    } catch (error) {
        const { code, message } = error as { code?: number; message: string };
        const why = code === 403 ? `${LACKS_PERMISSION} get nodes (RBAC)` : message.split("\n")[0];
        return `it is terminating on node ${name}, which could not be checked (${why})`;
    }
}
