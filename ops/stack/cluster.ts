import type { PlainAccess } from "../../components/kubernetes/api-server";
import { openReader, type Reader } from "../../components/kubernetes/cluster-reader";
import { identityProblem } from "../../components/records/record-rules";
import { readClusterUid } from "../../components/identity/cluster-uid";
import { kubeconfigContent, serverOf } from "../../components/kubernetes/kubeconfig-content";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { ask, jsonObject } from "./pulumi";
import { PROJECT } from "../../config/stack-file";
import type { ReadStack } from "./settings";
import type { Outputs, Stack } from "./stack";

/**
 * Access to the cluster of a stack. Its kubeconfig stays in this process.
 * @param outputs of the stack, if they were read already
 * @throws UsageError if the kubeconfig is of another cluster than the one of the last update
 */
export async function accessOf(context: Context, stack: ReadStack, outputs?: Outputs): Promise<PlainAccess> {
    const access = await declaredAccess(context, stack);
    const { identity } = outputs ?? (await maskedOutputs(context, stack));
    const recorded = identity?.cluster;
    // A stack that has not been applied yet is bound to no cluster.
    if (recorded === undefined) return access;
    const kubeconfig = kubeconfigContent(access);
    const uid = await readClusterUid(readerOf(context, { kubeconfig })).catch((error: Error & { code?: unknown }) => {
        // If the API server does not answer at all, the command reports that itself.
        if (typeof error.code !== "number") return undefined;
        throw new Failure(`cluster: namespace kube-system must be readable (status ${error.code}). Grant get (RBAC).`);
    });
    if (uid === undefined || uid === recorded.id) return { kubeconfig };
    throw new UsageError([identityProblem("cluster", recorded, { ...recorded, id: uid, at: serverOf(kubeconfig) })]);
}

async function maskedOutputs({ pulumi }: Context, stack: Stack): Promise<Pick<Outputs, "identity">> {
    return jsonObject(await ask(pulumi, ["stack", "output", "--json", "--stack", stack.name]), "pulumi stack output");
}

/** Opens a cluster for reading objects, or the fake of a test. */
export function readerOf({ openReader: open = openReader }: Pick<Context, "openReader">, access: PlainAccess): Reader {
    return open(access);
}

/** The kubeconfig of the stack file or, if the stack creates its cluster, of the state. */
async function declaredAccess({ pulumi }: Context, { name, file, settings }: ReadStack): Promise<PlainAccess> {
    if (settings.option === "cloudflare") throw new Failure("option cloudflare has no cluster");
    const { nodes, cluster } = settings;
    if (nodes !== undefined)
        return { kubeconfig: await ask(pulumi, ["stack", "output", "kubeconfig", "--show-secrets", "--stack", name]) };
    const access = cluster.context === undefined ? {} : { context: cluster.context };
    if (cluster.kubeconfig === undefined) return access;
    const args = ["config", "get", "--path", `${PROJECT}:cluster.kubeconfig`, "--stack", name, "--config-file", file];
    return { ...access, kubeconfig: await ask(pulumi, args) };
}
