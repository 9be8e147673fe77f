/**
 * `microk8s kubectl` 1.34 with the command lines of the project's scripts, as real requests to the cluster's API. The rest is
 * refused by name.
 */
import { pause } from "../../processes";
import { failed, said, unsupported, type Reply } from "../reply";
import { ApiError } from "../../rampart/kubernetes/api";
import type { KubeObject, KubeRest } from "./rest";

type Words = Record<string, string>;
type Verb = (rest: KubeRest, words: Words, signal: AbortSignal) => Promise<Reply>;

const SECONDS = "(?<seconds>\\d+)s";
const VERBS: [line: string, verb: Verb][] = [
    ["get nodes(?: -l (?<label>\\S+))? -o name", getNodes],
    [`wait --for=condition=Ready node/(?<node>\\S+) --timeout=${SECONDS}`, ready],
    [`-n kube-system rollout status deployment/(?<name>\\S+) --timeout=${SECONDS}`, rolledOut],
    ["label node (?<node>\\S+) (?:--overwrite )?(?<labels>.+)", label],
    [`drain (?<node>\\S+) --ignore-daemonsets --delete-emptydir-data --timeout=${SECONDS}`, drain],
];

export async function kubectl(rest: KubeRest, args: string[], signal: AbortSignal): Promise<Reply> {
    for (const [line, verb] of VERBS) {
        const found = new RegExp(`^${line}$`).exec(args.join(" "));
        if (found === null) continue;
        try {
            return await verb(rest, found.groups ?? {}, signal);
        } catch (error) {
            if (error instanceof ApiError) return failed(`Error from server ${error.message}`);
            throw error;
        }
    }
    return unsupported(`kubectl ${args.join(" ")}`);
}

const nodePath = (name: string) => `/api/v1/nodes/${name}`;
const list = async (rest: KubeRest, path: string) => (await rest.call<{ items: KubeObject[] }>("GET", path)).items;

/** Polls until a look succeeds. @returns whether it did within the seconds, while the caller is connected */
async function until(look: () => Promise<boolean>, seconds: string, signal: AbortSignal): Promise<boolean> {
    const end = Date.now() + Number(seconds) * 1000;
    for (;;) {
        if (await look()) return true;
        if (signal.aborted || Date.now() >= end) return false;
        await pause(100, signal);
    }
}

async function getNodes(rest: KubeRest, { label: key }: Words): Promise<Reply> {
    const nodes = await list(rest, `/api/v1/nodes${key === undefined ? "" : `?labelSelector=${key}`}`);
    return said(nodes.map(({ metadata }) => `node/${metadata.name}\n`).join(""));
}

async function ready(rest: KubeRest, { node, seconds }: Words, signal: AbortSignal): Promise<Reply> {
    const isReady = async () => {
        const { status } = await rest.call<KubeObject>("GET", nodePath(node));
        const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
        return conditions.some((one) => one.type === "Ready" && one.status === "True");
    };
    if (await until(isReady, seconds, signal)) return said(`node/${node} condition met`);
    return failed(`error: timed out waiting for the condition on nodes/${node}`);
}

async function rolledOut(rest: KubeRest, { name, seconds }: Words, signal: AbortSignal): Promise<Reply> {
    const path = `/apis/apps/v1/namespaces/kube-system/deployments/${name}`;
    const isAvailable = async () => {
        const { metadata, spec, status = {} } = await rest.call<KubeObject>("GET", path);
        const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
        return isSeen && (status.availableReplicas ?? 0) >= (spec.replicas ?? 1);
    };
    if (await until(isAvailable, seconds, signal)) return said(`deployment "${name}" successfully rolled out`);
    return failed("error: timed out waiting for the condition");
}

/** @param words `labels`: words of the form `key=value`, or `key-` for a label to remove */
async function label(rest: KubeRest, { node, labels }: Words): Promise<Reply> {
    const pairs = labels.split(" ").map((word) => {
        const [key, value = null] = word.split("=");
        return [value === null ? key.slice(0, -1) : key, value];
    });
    const metadata = { labels: Object.fromEntries(pairs) };
    await rest.call("PATCH", nodePath(node), { metadata });
    return said(`node/${node} labeled`);
}

/** Cordons a node and evicts its pods, except those of DaemonSets. The API enforces PodDisruptionBudgets. */
async function drain(rest: KubeRest, { node, seconds }: Words, signal: AbortSignal): Promise<Reply> {
    await rest.call("PATCH", nodePath(node), { spec: { unschedulable: true } });
    const pods = await list(rest, `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`);
    const evicted = pods.filter(({ metadata }) => !metadata.ownerReferences?.some(({ kind }) => kind === "DaemonSet"));
    const gone = await Promise.all(evicted.map((pod) => until(() => evict(rest, pod), seconds, signal)));
    const left = evicted.filter((_pod, i) => !gone[i]).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    if (left.length === 0) return said(`node/${node} drained`);
    return failed(`error when evicting pods ${left.join(", ")}: global timeout reached`);
}

/** Evicts a pod unless that has happened. @returns whether the pod is gone */
async function evict(rest: KubeRest, pod: KubeObject): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const now = await rest.find<KubeObject>(path);
    if (now === undefined || now.metadata.uid !== uid) return true;
    if (now.metadata.deletionTimestamp) return false;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    await rest.call("POST", `${path}/eviction`, eviction).catch((error: unknown) => {
        if (!(error instanceof ApiError && [404, 429].includes(error.status))) throw error;
    });
    return false;
}
