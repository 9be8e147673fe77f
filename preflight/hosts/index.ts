import * as pulumi from "@pulumi/pulumi";
import { answerWithin } from "../../components/kubernetes/until-settled";
import type { ClusterAccess } from "../../components/kubernetes/kubeconfig";
import type { Microk8sArgs } from "../../components/hosts/microk8s/microk8s";
import { POD_NETWORK } from "../../components/hosts/microk8s/launch";
import { PLACE_LABEL, probe, readProbe, type Probed } from "../../components/hosts/microk8s/scripts";
import { placeOf } from "../../components/hosts/ssh-host";
import { MISMATCH, plainHost, runOnHost, type RunOnHost } from "../../components/hosts/ssh-run";
import { openCluster } from "../kubernetes/cluster";
import { problem, warning, warningsOf } from "../findings";

/** Time limit of all checks, in seconds, so that an operator gets the error soon if hosts are down. */
const LIMIT_SECONDS = 30;

/** Time limit of the API request that lists the cluster's nodes, in seconds. */
const ASK_SECONDS = 10;

/** Warning of a run that could not check the cluster. */
export const NO_CLUSTER_YET =
    "cluster: the hosts do not form a cluster yet, so only the hosts were checked. A later run also checks the cluster.";

/** A host that has answered. */
interface ProbedHost extends Probed {
    /** Config key of the host, such as `cluster.nodes[0]`, for messages. */
    where: string;
    /** Name of the host in the config. */
    place: string;
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
    const warnings = warningsOf("the hosts of cluster.nodes", [
        ...unreachable.map((one) =>
            tolerated.includes(one)
                ? warning(`${one.problem} The other hosts form a cluster, so this run continues without this host.`)
                : problem(one.problem),
        ),
        ...hostProblems(hosts, first).map(problem),
    ]);
    const machines = Object.fromEntries(hosts.map(({ place, machine }) => [place, machine]));
    return {
        machines,
        access: kubeconfig === undefined ? undefined : { kubeconfig: pulumi.secret(kubeconfig) },
        isFallback: kubeconfig !== undefined && through !== first,
        warnings,
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
    if (/authentication methods failed|private ?key/i.test(why))
        return `${place} does not accept user ${user} with ssh.privateKey (${why}). Add its public key to ~${user}/.ssh/authorized_keys, or correct the user or ssh.privateKey.`;
    return undefined;
}

/** Problems of the hosts that have answered. @param place name of the first host in the config, which may be down */
function hostProblems(hosts: ProbedHost[], place: string): string[] {
    const problems = hosts.flatMap((host, i) => {
        const same = hosts.slice(0, i).find(({ hostname }) => hostname === host.hostname);
        return [
            ...(host.problem === undefined ? [] : [`${host.where}: ${host.place} ${host.problem}`]),
            // Kubernetes identifies nodes by hostname.
            ...(same === undefined
                ? []
                : [
                      `${host.where}: ${host.place} and ${same.place} have the same hostname (${host.hostname}). Rename one of them: hostnamectl set-hostname`,
                  ]),
        ];
    });
    const first = hosts.find((host) => host.place === place);
    const member = hosts.find(({ kubeconfig }) => kubeconfig !== undefined);
    if (first !== undefined && first.kubeconfig === undefined && member !== undefined)
        problems.push(
            `${first.where}: ${first.place} is the first of the list, but not in the cluster yet, so it would start a second cluster. List it after ${member.place}, which is in the cluster.`,
        );
    return problems;
}

function lastLine(text: string): string {
    return text.trim().split("\n").pop() ?? "";
}
