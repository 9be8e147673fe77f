import type { PlainAccess } from "../kubernetes/api-server";
import { openLister, type Live } from "../kubernetes/cluster-reader";
import { connectToPod, type PodConnection, type PodConnectionError } from "../kubernetes/pod-connection";
import type { Verdict } from "../kubernetes/readiness";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** The pods of a gateway, which are queried to verify that a change has reached them. */
export interface GatewayPods {
    /** Namespace the APISIX pods run in. */
    namespace: string;
    /** Labels that the pods have in common. */
    labels: Record<string, string>;
    /**
     * Path of a request with a query string. The gateway rejects it after authentication and before the limits, so it never
     * reaches the server. A valid credential gets 400, and any other gets 401.
     */
    evidence: string;
    /**
     * Behaviour if the pods cannot be found or queried. `fail`: error, since the stack installed the pods. `settle`: the
     * provider waits for the settle time, since the user may lack permission at an existing gateway.
     */
    unasked: "fail" | "settle";
}

/**
 * Header of the gateway's own error answers. Its value is a digest of the route's rules and upstreams, which shows which
 * rules a pod applies. So `pulumi up` can wait until every pod applies the new rules.
 */
export const REVISION_HEADER = "X-Alpa-Auth-Revision";

/**
 * Number of connections for verifying a change at a gateway pod. Each nginx worker has its own copy of the
 * configuration and keeps its connections, so several connections are needed to reach every worker.
 */
export const WORKER_CONNECTIONS = 4;

/**
 * Header of verification requests to pods. The route does not redirect a request with this header of Cloudflare to HTTPS
 * (plugin-chain.ts), so pods answer the request on their HTTP port.
 */
export const NO_REDIRECT = { "CF-Ray": "evidence" };

/** Ports of an APISIX container. */
export const POD_DATA_PORT = 9080;
export const POD_ADMIN_PORT = 9180;

/** Secret with both keys of the Admin API. No gateway pod starts before this Secret exists. */
export const ADMIN_KEYS_SECRET = { name: "apisix-admin-keys", admin: "admin", viewer: "viewer" };

/** First words of messages about a missing permission. */
const LACKS_PERMISSION = "the kubeconfig user lacks permission to";

const hasLabels = ({ metadata }: Live, labels: Record<string, string>) =>
    Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value);
const isTerminating = ({ metadata }: Live) => metadata?.deletionTimestamp !== undefined;

/** Whether a pod has these labels, is ready, and is not terminating. */
export function isReadyPod(pod: Live, labels: Record<string, string>): boolean {
    const conditions = pod.status?.conditions ?? [];
    const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
    return isReady && hasLabels(pod, labels) && !isTerminating(pod);
}

/**
 * Adds to a successful verdict which facts were not checked because the key for reading the Admin API is missing.
 * @param viewer key for reading the Admin API; undefined if it could not be read
 * @param unchecked facts that only the Admin API shows, for messages
 */
export function withoutAdmin(
    verdict: Verdict,
    gateway: GatewayPods,
    viewer: string | undefined,
    unchecked: string,
): Verdict {
    if (viewer !== undefined || verdict.state !== "ready") return verdict;
    const why = `no Secret ${gateway.namespace}/${ADMIN_KEYS_SECRET.name} can be read, so these were not checked: ${unchecked}`;
    if (gateway.unasked === "fail") return { state: "failed", finalAfterSeconds: 0, why };
    return { state: "ready", unproved: verdict.unproved ?? why };
}

/** Command that shows the log of the ingress controller. */
export function controllerLogs(namespace: string): string {
    return `Look: kubectl -n ${namespace} logs -l 'app.kubernetes.io/name in (ingress-controller, apisix-ingress-controller)'`;
}

/** Result of querying one pod of a gateway. */
interface PodReport {
    /** Name of the pod in messages. */
    title: string;
    /** The part of the change that the pod does not have yet. Unset if the pod has the change, or could not be queried. */
    lacks?: string;
    /** Why the pod could not be queried; the text names the pod. */
    error?: string;
    /** HTTP status of the API server, if the API server rejected the query. */
    status?: number;
}

/** Name of a gateway's pods in messages. */
function podsTitle({ namespace, labels }: GatewayPods): string {
    const selector = Object.entries(labels).map((pair) => pair.join("="));
    return `pod with the labels ${selector.join(",")} in namespace ${namespace}`;
}

/** Queries a pod. Resolves with what the pod still lacks, or with undefined if it has the change. */
export type AskPod = (connect: (port: number) => PodConnection) => Promise<string | undefined>;

/** Queries every ready pod of a gateway, all at the same time. @param pods all pods of the gateway's namespace */
async function askReadyPods(
    access: PlainAccess,
    { namespace, labels }: GatewayPods,
    pods: Live[],
    ask: AskPod,
): Promise<PodReport[]> {
    const ready = pods.filter((pod) => isReadyPod(pod, labels));
    return Promise.all(ready.map((pod) => askPod(access, namespace, pod, ask)));
}

/**
 * Queries the pods of a gateway that are terminating, or run without being ready. On a node that the API server cannot
 * reach, every pod gets into this state, and may still serve callers. The result omits pods that no longer exist or no longer
 * listen.
 * @param ask query of one pod; throws if the answers do not show whether the pod has the change
 */
async function askUnreadyPods(
    access: PlainAccess,
    { namespace, labels, unasked }: GatewayPods,
    pods: Live[],
    ask: AskPod,
): Promise<PodReport[]> {
    const isUnready = (pod: Live) =>
        /^(Running|Unknown)$/.test(pod.status?.phase ?? "") && hasLabels(pod, labels) && !isReadyPod(pod, labels);
    const reports = pods.filter(isUnready).map(async (pod): Promise<PodReport[]> => {
        const report = await askPod(access, namespace, pod, ask);
        // A terminating pod will not listen again, and a control plane's pod never listens. Any other pod stays in the
        // result, because its container may have crashed and will listen again.
        if (report.status === 404 || (isClosed(report) && (isTerminating(pod) || unasked === "settle"))) return [];
        const title = `${report.title} (${isTerminating(pod) ? "terminating" : "running but not ready"})`;
        return [{ ...report, title, error: report.error?.replace(report.title, title) }];
    });
    return (await Promise.all(reports)).flat();
}

async function askPod(access: PlainAccess, namespace: string, { metadata }: Live, ask: AskPod): Promise<PodReport> {
    const title = `pod ${namespace}/${metadata!.name}`;
    const connections: PodConnection[] = [];
    const connect = (port: number) => {
        const connection = connectToPod(access, { namespace, pod: metadata!.name!, port });
        connections.push(connection);
        return connection;
    };
    try {
        return { title, lacks: await ask(connect) };
    } catch (error) {
        const { message, status } = error as PodConnectionError;
        return { title, error: message.startsWith("pod ") ? message : `${title}: ${message}`, status };
    } finally {
        for (const connection of connections) connection.close();
    }
}

/** Whether nothing listens on the queried port of a pod, for example of a control plane at an existing gateway. */
function isClosed({ error }: PodReport): boolean {
    return /connection refused/.test(error ?? "");
}

/**
 * Verdict from all pods of a gateway: whether a change has reached each of them.
 * @param askUnready queries each unready pod too, which a revocation must reach. Default: unready pods are not queried
 */
export async function askEveryPod(
    access: PlainAccess,
    gateway: GatewayPods,
    ask: AskPod,
    askUnready?: AskPod,
): Promise<Verdict> {
    const { namespace } = gateway;
    const settles = gateway.unasked === "settle";
    const cannot = (why: string): Verdict =>
        settles ? { state: "ready", unproved: why } : { state: "failed", finalAfterSeconds: 0, why };
    let pods: Live[];
    try {
        pods = await openLister(access)("v1", "Pod", namespace);
    } catch (error) {
        if ((error as { code?: number }).code !== 403) throw error;
        return cannot(`${LACKS_PERMISSION} list pods in namespace ${namespace} (RBAC).`);
    }
    const reports = await askReadyPods(access, gateway, pods, ask);
    if (reports.some(({ status }) => status === 403))
        return cannot(`${LACKS_PERMISSION} create pods/portforward in namespace ${namespace} (RBAC).`);
    const listening = settles ? reports.filter((report) => !isClosed(report)) : reports;
    if (listening.length === 0) {
        const why = `no ready ${podsTitle(gateway)} listens on port ${POD_DATA_PORT}`;
        return settles ? cannot(why) : { state: "waiting", why };
    }
    const lagging = listening.flatMap(({ title, lacks, error }) => (lacks ? `${title}: ${lacks}` : (error ?? [])));
    if (lagging.length > 0)
        return { state: "waiting", why: `${lagging.length} of ${listening.length} gateway pods lag, ${lagging[0]}` };
    return askUnready === undefined
        ? { state: "ready", proved: true }
        : judgeUnready(await askUnreadyPods(access, gateway, pods, askUnready));
}

/**
 * Verdict from the unready pods. A pod that cannot be queried is not a failure, because otherwise a single crashing pod would
 * fail every run.
 */
function judgeUnready(reports: PodReport[]): Verdict {
    const lagging = reports.find(({ lacks }) => lacks !== undefined);
    if (lagging) return { state: "waiting", why: `${lagging.title}: ${lagging.lacks}` };
    const unknown = reports.flatMap(({ error }) => error ?? []);
    if (unknown.length === 0) return { state: "ready", proved: true };
    return { state: "ready", unproved: `${unknown.join("; ")}. A removed or replaced key may still work there` };
}
