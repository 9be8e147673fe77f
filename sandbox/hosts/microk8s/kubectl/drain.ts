/** kubectl drain: cordons a node and evicts its pods. The API enforces PodDisruptionBudgets. */
import type { Reply } from "../../reply";
import { ApiError, ask, find, type KubeObject } from "../rest";
import { type KubectlCall, KubectlError } from "./call";
import { cordon, plainNodes } from "./nodes";
import { list } from "./resources";
import { pause } from "../../../processes";
import { durationOf, until } from "./wait";

/** Time between two tries of an eviction that a budget forbids, in seconds. */
const RETRY_SECONDS = 5;

export async function drain(call: KubectlCall): Promise<Reply> {
    const timeout = durationOf(call.options["--timeout"] ?? "0");
    if (timeout === undefined) throw new KubectlError(`error: invalid --timeout ${call.options["--timeout"]}`);
    const grace = call.options["--grace-period"];
    let out = (await cordon(call, true)).out;
    let err = "";
    for (const node of await plainNodes(call)) {
        const { name } = node.metadata;
        const pods = await list(call.rest, "/api/v1/pods", { fieldSelector: `spec.nodeName=${name}` });
        const { leave, refuse, evict } = sorted(pods, call.options);
        const failure = (why: string): Reply => ({
            code: 1,
            out,
            err: `${err}error: unable to drain node "${name}" due to error: ${why}, continuing command...\nThere are pending nodes to be drained:\n ${name}\n`,
        });
        if (refuse.length > 0) return failure(`[${refuse.join(", ")}]`);
        if (leave.length > 0) err += `Warning: ignoring DaemonSet-managed Pods: ${leave.join(", ")}\n`;
        const end = timeout > 0 ? Date.now() + timeout : Infinity;
        for (const pod of evict) out += `evicting pod ${id(pod)}\n`;
        const left = (await Promise.all(evict.map((pod) => gone(call, pod, end, grace)))).filter((why) => why !== "");
        if (left.length > 0) return failure(left.length === 1 ? left[0] : `[${left.join(", ")}]`);
        for (const pod of evict) out += `pod/${pod.metadata.name} evicted\n`;
        out += `node/${name} drained\n`;
    }
    return { code: 0, out, err };
}

const id = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;

/** Sorts the pods of a node: DaemonSet pods, which stay; reasons that prevent the drain; pods to evict. */
function sorted(pods: KubeObject[], options: Record<string, string>) {
    const leave: string[] = [];
    const refuse: string[] = [];
    const evict: KubeObject[] = [];
    const because = (why: string, all: KubeObject[]) => {
        if (all.length > 0) refuse.push(`${why}: ${all.map(id).join(", ")}`);
    };
    const daemons: KubeObject[] = [];
    const alone: KubeObject[] = [];
    const local: KubeObject[] = [];
    for (const pod of pods) {
        if (pod.metadata.annotations?.["kubernetes.io/config.mirror"]) continue;
        const done = ["Succeeded", "Failed"].includes(pod.status?.phase);
        const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
        if (owner?.kind === "DaemonSet" && !done) {
            daemons.push(pod);
            continue;
        }
        if (!owner && !done) alone.push(pod);
        if (!done && pod.spec?.volumes?.some((volume: { emptyDir?: object }) => volume.emptyDir)) local.push(pod);
        evict.push(pod);
    }
    if (options["--ignore-daemonsets"]) leave.push(...daemons.map(id));
    else because("cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", daemons);
    if (!options["--delete-emptydir-data"])
        because("cannot delete Pods with local storage (use --delete-emptydir-data to override)", local);
    if (!options["--force"]) because("cannot delete Pods that declare no controller (use --force to override)", alone);
    return { leave, refuse, evict };
}

/** Evicts a pod and waits for its deletion. @returns an error message, or "" if the pod is gone */
async function gone(call: KubectlCall, pod: KubeObject, end: number, grace?: string): Promise<string> {
    const { name, namespace, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const late = `error when evicting pods/"${name}" -n "${namespace}": global timeout reached`;
    for (;;) {
        try {
            await ask(call.rest, "POST", `${path}/eviction`, {
                apiVersion: "policy/v1",
                kind: "Eviction",
                metadata: { name, namespace },
                ...(grace === undefined ? {} : { deleteOptions: { gracePeriodSeconds: Number(grace) } }),
            });
            break;
        } catch (error) {
            if (!(error instanceof ApiError)) throw error;
            if (error.status === 404) return "";
            if (error.status !== 429) throw error;
        }
        await pause(Math.min(call.milliseconds(RETRY_SECONDS), Math.max(end - Date.now(), 1)), call.signal);
        if (call.signal.aborted || Date.now() >= end) return late;
    }
    const isGone = async () => ((await find(call.rest, path))?.metadata.uid === uid ? undefined : true);
    return (await until(isGone, Math.max(end - Date.now(), 0), call.signal)) ? "" : late;
}
