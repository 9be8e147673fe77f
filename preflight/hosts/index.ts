import * as pulumi from "@pulumi/pulumi";
import type { GatewayClusterArgs } from "../../components/gateway-args";
import { answerWithin } from "../../components/kubernetes/until-settled";
import type { ClusterAccess } from "../../components/kubernetes/kubeconfig";
import type { Microk8sArgs } from "../../components/hosts/microk8s/microk8s";
import { HOSTPATH_CLASS, POD_NETWORK } from "../../components/hosts/microk8s/launch";
import { PLACE_LABEL, probe, readProbe } from "../../components/hosts/microk8s/scripts";
import { placeOf } from "../../components/hosts/ssh-host";
import { MISMATCH, plainHost, runOnHost, type RunOnHost } from "../../components/hosts/ssh-run";
import { openCluster } from "../kubernetes/cluster";
import { hostFindings, type ProbedHost } from "./findings";
import { PreflightError } from "../preflight-error";

/** Time limit of all checks, in seconds, so that an operator gets the error soon if hosts are down. */
const LIMIT_SECONDS = 30;

/** Time limit of the API request that lists the cluster's nodes, in seconds. */
const ASK_SECONDS = 10;

/** Warning of a run that could not check the cluster. */
export const NO_CLUSTER_YET =
    "cluster: the hosts do not form a cluster yet, so only the hosts were checked. A later run also checks the cluster.";

/** Returns a warning for each requirement of the gateway that a new cluster does not meet. */
export function withoutCluster({ gateway, tls }: Pick<GatewayClusterArgs, "gateway" | "tls">): string[] {
    if (gateway.installer === "existing") return [];
    const warnings: string[] = [];
    if (gateway.installer === "rampart" && gateway.install === undefined)
        warnings.push(
            "gateway.installer: rampart needs Rampart in the cluster, and a new cluster has none. Set rampart.install to your chart of Rampart, or gateway.installer to helm. Or install Rampart when the nodes form a cluster, and run pulumi up again.",
        );
    if (tls?.source.kind === "cert-manager")
        warnings.push(
            "tls.certificate.certManager: needs cert-manager in the cluster, and a new cluster has none. Set tls.certificate.files. Or install cert-manager and its issuer when the nodes form a cluster, and run pulumi up again.",
        );
    if ((gateway.release.storageClass ?? HOSTPATH_CLASS) !== HOSTPATH_CLASS)
        warnings.push(
            `gateway.storageClass: the StorageClass for etcd's volumes must exist, and a new cluster has ${HOSTPATH_CLASS}. Install the class once the cluster exists, and run pulumi up again.`,
        );
    return warnings;
}

/** A host that could not be checked. */
interface UnreachableHost {
    place: string;
    problem: string;
    /** Whether the host is unreachable, perhaps only for a while. False if it rejects the login, or if its checks fail. */
    isDown: boolean;
}

/** What the checks found. */
interface CheckedHosts {
    /** Machine ids of the hosts that answered, by their names in the config. */
    machines: Record<string, string | undefined>;
    /** Access to the cluster that the hosts form; undefined if they form none yet. */
    access?: ClusterAccess;
    /** Whether {@link access} is the kubeconfig of another node, because the first node is down. */
    isFallback: boolean;
    /** Warnings for the operator. */
    warnings: string[];
}

/**
 * Checks the hosts of a cluster before anything is changed on them. A node that is down does not stop the run, so that
 * credentials can still be revoked. If the run must change this node, it fails later.
 * @param owner name of the running stack, as recorded on its hosts
 * @returns the hosts' machine ids, and access to the cluster if the hosts already form one
 * @throws PreflightError with every problem, and with each host that is not a node yet and does not answer in 30 s
 */
export async function hostsPreflight(
    settings: Microk8sArgs,
    owner: string,
    run: RunOnHost = runOnHost,
    limitSeconds = LIMIT_SECONDS,
    open: typeof openCluster = openCluster,
): Promise<CheckedHosts> {
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    const answers = await Promise.all(settings.nodes.map((_, i) => checkHost(settings, i, owner, run, signal)));
    const hosts = answers.filter((answer): answer is ProbedHost => !isUnreachable(answer));
    const unreachable = answers.filter(isUnreachable);
    const { kubeconfig, through, members } = await clusterOf(hosts, open);
    const tolerated = unreachable.filter(({ isDown, place }) => isDown && members.includes(place));
    const first = placeOf(settings.nodes[0]);
    const problems = [
        ...unreachable.filter((one) => !tolerated.includes(one)).map(({ problem }) => problem),
        ...hostFindings(hosts, first),
    ];
    if (problems.length > 0) throw new PreflightError("the hosts of cluster.nodes", problems);
    const machines = Object.fromEntries(hosts.map(({ place, machine }) => [place, machine]));
    return {
        machines,
        access: kubeconfig === undefined ? undefined : { kubeconfig: pulumi.secret(kubeconfig) },
        isFallback: kubeconfig !== undefined && through !== first,
        warnings: tolerated.map(
            ({ problem }) => `${problem} The other hosts form a cluster, so this run continues without this host.`,
        ),
    };
}

function isUnreachable(answer: ProbedHost | UnreachableHost): answer is UnreachableHost {
    return "isDown" in answer;
}

/**
 * Finds the cluster that the hosts form, through the first host whose API server answers.
 * @returns the names in the config of its nodes; none before it is complete, or if no API server answers
 */
async function clusterOf(
    hosts: ProbedHost[],
    open: typeof openCluster,
): Promise<{ kubeconfig?: string; through?: string; members: string[] }> {
    for (const { kubeconfig, place } of hosts) {
        if (kubeconfig === undefined) continue;
        const nodes = await answerWithin(ASK_SECONDS, open({ kubeconfig }).list("v1", "Node")).catch(() => []);
        const members = nodes.flatMap(({ metadata }) => metadata?.labels?.[PLACE_LABEL] ?? []);
        if (members.length > 0) return { kubeconfig, through: place, members };
    }
    return { members: [] };
}

/** Runs the checks on one host over SSH. */
async function checkHost(
    { nodes, channel, podNetwork = POD_NETWORK }: Microk8sArgs,
    i: number,
    owner: string,
    run: RunOnHost,
    signal: AbortSignal,
): Promise<ProbedHost | UnreachableHost> {
    const [where, place] = [`cluster.nodes[${i}]`, placeOf(nodes[i])];
    const host = await plainHost(nodes[i]);
    const { command, script } = probe([place, owner, channel, podNetwork], host.sudoPassword);
    try {
        const { code, stdout, stderr } = await run(host, command, script, signal);
        if (code !== 0) {
            const why = lastLine(stderr) || `${place}: the checks failed (exit code ${code})`;
            return { place, problem: `${where}: ${why}`, isDown: false };
        }
        return { ...readProbe(stdout), where, place };
    } catch (error) {
        const rejected = rejection(place, host.user, (error as Error).message);
        const late = signal.aborted ? "no answer in time" : (error as Error).message.split("\n")[0];
        const problem = rejected ?? `${place} does not answer by SSH (${late}). Check address, port and network.`;
        return { place, problem: `${where}: ${problem}`, isDown: rejected === undefined };
    }
}

/** Message for a host that rejects the login; undefined if the host is down. */
function rejection(place: string, user: string, why: string): string | undefined {
    if (why === MISMATCH)
        return `${place} has another host key than hostKey in the config. If the host was reinstalled, read its new key (ssh-keyscan -t ed25519 ${place}), compare it with the key on the host itself, and set hostKey to it.`;
    if (/authentication methods failed/i.test(why))
        return `${place} does not accept user ${user} with privateKey. Add the public key of privateKey to ~${user}/.ssh/authorized_keys, or correct user or privateKey.`;
    if (/parse.*private ?key|private ?key.*(parse|format)/i.test(why))
        return `${place}: privateKey in the config cannot be read. Set it again.`;
    return undefined;
}

function lastLine(text: string): string {
    return text.trim().split("\n").pop() ?? "";
}
