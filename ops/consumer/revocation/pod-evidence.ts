/** The answer of each gateway pod to a revoked credential. */
import type { PlainAccess } from "../../../components/kubernetes/api-server";
import { openLister } from "../../../components/kubernetes/cluster-reader";
import { askUnready, askWith, type Sent } from "../../../components/consumers/credential-evidence";
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
    pods: GatewayPods;
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

/** Sends the credential to every gateway pod once. */
export async function askRejected({ access, pods }: ProvingPods, sent: Sent): Promise<PodEvidence> {
    const settles = pods.unasked === "settle";
    const whole = (why: string): PodEvidence => ({ asked: 0, lagging: [], unasked: [why], isPartial: settles });
    try {
        const live = await openLister(access)("v1", "Pod", pods.namespace);
        const reports = await askReadyPods(access, pods, live, (connect) =>
            askWith(() => connect(POD_DATA_PORT), "rejects", [sent], pods),
        );
        const unready = await askUnreadyPods(access, pods, live, (connect) =>
            askUnready(() => connect(POD_DATA_PORT), [sent], pods),
        );
        const unreachable = unready.flatMap(({ error }) => error ?? []);
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
