import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../components/parts/kubeconfig";
import type { Microk8sArgs } from "../components/parts/microk8s";
import { probe, readProbe, type Probed } from "../components/parts/microk8s-probe-script";
import { placeOf } from "../components/parts/ssh-host";
import { MISMATCH, plainHost, runOnHost, type RunOnHost } from "../components/parts/ssh-run";
import { ProblemList } from "../problems";
import { clusterFindings, hostFindings } from "./hosts-findings";

/** All that stands in the way on the hosts. Thrown before the first resource, in preview too. */
export class HostsError extends ProblemList {
    constructor(problems: string[]) {
        super("the hosts of cluster.nodes", problems);
    }
}

/** Longest time for all checks, in seconds: an operator whose hosts are away should not wait longer to hear it. */
const LIMIT_SECONDS = 30;

/** What an operator should know of a run that could not look at the cluster. */
export const NO_CLUSTER_YET =
    "cluster: nodes are not a cluster yet, so only the hosts were looked at. What stands in the way in the cluster is said as it comes up.";

/** A host that has answered. */
export interface Looked extends Probed {
    /** Place of it in the config, for messages. */
    where: string;
    /** Its name in the config. */
    place: string;
    wanted: Microk8sArgs["nodes"][number];
    /** How far its clock is ahead of the one here, in seconds. */
    ahead: number;
}

/**
 * Looks at the hosts of a cluster before anything is asked of them.
 * @param owner name of the running stack, as it stands on its hosts
 * @returns how to get into the cluster, where the hosts have become one already
 * @throws HostsError naming every problem, and each host that does not answer in 30 s
 */
export async function hostsPreflight(
    settings: Microk8sArgs,
    owner: string,
    run: RunOnHost = runOnHost,
    limitSeconds = LIMIT_SECONDS,
): Promise<ClusterAccess | undefined> {
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    const answers = await Promise.all(settings.nodes.map((_, i) => look(settings, i, owner, run, signal)));
    const hosts = answers.filter((answer) => typeof answer !== "string");
    const problems = [
        ...answers.filter((answer) => typeof answer === "string"),
        ...hosts.flatMap((host) => hostFindings(host, settings, owner)),
        ...clusterFindings(hosts, settings, owner),
    ];
    if (problems.length > 0) throw new HostsError(problems);
    const kubeconfig = hosts.find((host) => host.kubeconfig !== undefined)?.kubeconfig;
    return kubeconfig === undefined ? undefined : { kubeconfig: pulumi.secret(kubeconfig) };
}

/** What one host says, or why it says nothing. */
async function look(
    { nodes }: Microk8sArgs,
    i: number,
    owner: string,
    run: RunOnHost,
    signal: AbortSignal,
): Promise<Looked | string> {
    const [wanted, where, place] = [nodes[i], `cluster.nodes[${i}]`, placeOf(nodes[i])];
    const host = await plainHost(wanted);
    const { command, script } = probe(place, owner, host.sudoPassword);
    try {
        const { code, stdout, stderr } = await run(host, command, script, signal);
        const here = Date.now() / 1000;
        if (code !== 0) return `${where}: ${lastLine(stderr) || `${place}: the checks must run (exit status ${code})`}`;
        const probed = readProbe(stdout);
        // Half of the second that the host's clock leaves out.
        return { ...probed, where, place, wanted, ahead: probed.clock + 0.5 - here };
    } catch (error) {
        return `${where}: ${unreached(place, wanted.user, (error as Error).message, signal.aborted)}`;
    }
}

/** Away, or there and not willing: an operator looks in different places. */
function unreached(place: string, user: string, why: string, late: boolean): string {
    if (why === MISMATCH)
        return `${place} must have the host key of the config (it has another). If it was installed anew, compare on the host, and set hostKey: ssh-keyscan -t ed25519 ${place}`;
    if (/authentication methods failed/i.test(why))
        return `${place} must let user ${user} in with privateKey (it does not). Add its public half to ~${user}/.ssh/authorized_keys, or correct user or privateKey.`;
    if (/parse.*private ?key|private ?key.*(parse|format)/i.test(why))
        return `${place} must be reached with a private key that can be read (it cannot). Set privateKey anew.`;
    return `${place} must answer by SSH (${late ? "no answer in time" : why.split("\n")[0]}). Check address, port and network.`;
}

function lastLine(text: string): string {
    return text.trim().split("\n").pop() ?? "";
}
