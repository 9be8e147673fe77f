import type { Microk8sArgs } from "../../components/hosts/microk8s/microk8s";
import { certificateNames } from "../../components/hosts/microk8s/launch";
import { placeOf } from "../../components/hosts/ssh-host";
import type { Probed } from "../../components/hosts/microk8s/probe-script";

/** A host that has answered. */
export interface ProbedHost extends Probed {
    /** Config key of the host, such as `cluster.nodes[0]`, for messages. */
    where: string;
    /** Name of the host in the config. */
    place: string;
    wanted: Microk8sArgs["nodes"][number];
    /** Seconds by which the host's clock is ahead of this machine's. */
    ahead: number;
}

/** Largest allowed difference of two clocks, in seconds. */
const CLOCK_SECONDS = 5;
/** Tolerance of the comparison, in seconds: rounding to whole seconds, and network delay. */
const CLOCK_BLUR_SECONDS = 1;

/** Returns the problems of one host. */
export function hostFindings(host: ProbedHost, { channel }: Microk8sArgs, owner: string): string[] {
    const { where, place, wanted } = host;
    const problems: string[] = [];
    const found = (what: string) => problems.push(`${where}: ${place} ${what}`);
    if (host.system !== "ubuntu")
        found(`runs ${host.systemName || "an unknown system"}, and only Ubuntu is supported. Use another host.`);
    else if (!host.snapd) found("has no snapd. Run: apt-get install snapd");
    if (host.channel !== undefined && host.owner === undefined)
        found(
            host.clustered
                ? "is in a cluster that this stack did not create, and a stack never takes over a node. Use another host, or set cluster.kubeconfig to that cluster's kubeconfig instead of cluster.nodes."
                : "runs MicroK8s that this stack did not install, and pulumi up would lose the data of that MicroK8s. Use another host. If you do not need the data, run: snap remove --purge microk8s",
        );
    else if (host.owner !== undefined && host.owner !== owner)
        found(
            `is a node of another stack (${host.owner}). If that was this stack's earlier name, rename the stack back: pulumi stack rename. Otherwise use another host.`,
        );
    else if (host.channel !== undefined && host.channel !== channel)
        found(
            `follows channel ${host.channel} of MicroK8s, but cluster.channel is ${channel}. Upgrade one node after another (docs/operate/nodes.md), or restore cluster.channel.`,
        );
    if (host.owner === owner && host.role !== undefined && host.role !== wanted.role)
        found(
            `is a ${host.role} node, but the config says ${wanted.role}. Remove the node from cluster.nodes, run pulumi up, and add it again.`,
        );
    for (const taken of host.taken)
        found(
            `needs a free port for MicroK8s (${taken.replace(" by ", " is taken by ")}). Stop that program, or give it another port. If it is Ray, use --min-worker-port and --max-worker-port.`,
        );
    return problems;
}

/** Returns the warnings about one host. */
export function hostWarnings(
    { where, place, wanted, ...host }: ProbedHost,
    { sans }: Microk8sArgs,
    owner: string,
): string[] {
    const names = certificateNames(wanted, sans).join(" ");
    if (host.owner !== owner || host.sans === undefined || host.sans === names) return [];
    return [
        `${where}: ${place} has the names ${host.sans} in its certificate, but the config says ${names}. MicroK8s sets these names only when it is installed. Replace the host, or restore cluster.sans.`,
    ];
}

/**
 * Returns the problems that concern several hosts: equal hostnames, clocks, order of the nodes.
 * @param away nodes of the cluster that do not answer, by their names in the config
 */
export function clusterFindings(
    hosts: ProbedHost[],
    { nodes }: Microk8sArgs,
    owner: string,
    away: string[] = [],
): string[] {
    return [...sameNames(hosts), ...clocks(hosts), ...voters(hosts, nodes, owner, away)];
}

/** Reports equal hostnames, since Kubernetes identifies nodes by hostname. */
function sameNames(hosts: ProbedHost[]): string[] {
    return hosts.flatMap((host, i) => {
        const first = hosts.findIndex(({ hostname }) => hostname === host.hostname);
        if (first === i) return [];
        return [
            `${host.where}: ${host.place} and ${hosts[first].place} have the same hostname (${host.hostname}). Rename one of them: hostnamectl set-hostname`,
        ];
    });
}

/** Compares the clocks: a node with a slow clock rejects new certificates of other nodes, and leases expire early. */
function clocks(hosts: ProbedHost[]): string[] {
    const sorted = hosts.filter(({ ahead }) => Number.isFinite(ahead)).sort((a, b) => a.ahead - b.ahead);
    const [behind, ahead] = [sorted[0], sorted[sorted.length - 1]];
    if (behind === undefined || ahead.ahead - behind.ahead <= CLOCK_SECONDS + CLOCK_BLUR_SECONDS) return [];
    const seconds = Math.round(ahead.ahead - behind.ahead);
    return [
        `cluster.nodes: the clock of ${ahead.place} is ${seconds} s ahead of ${behind.place} (limit ${CLOCK_SECONDS} s), so a node would reject certificates that another node has just created. Set the clocks by NTP. Check: timedatectl`,
    ];
}

/** Checks that the first control-plane node is in the existing cluster. Otherwise it would start a second cluster. */
function voters(hosts: ProbedHost[], nodes: Microk8sArgs["nodes"], owner: string, away: string[]): string[] {
    const members = hosts.filter((host) => host.owner === owner && host.joined);
    // Hosts that did not answer may be members.
    if (members.length === 0 || hosts.length + away.length < nodes.length) return [];
    const voting = members.filter(({ wanted }) => wanted.role === "control-plane");
    if (voting.length === 0)
        return [
            `cluster.nodes: the list no longer has a control-plane node of the cluster (the other nodes of the cluster are workers: ${members.map(({ place }) => place).join(", ")}). Keep the last control-plane node until another one has joined.`,
        ];
    const place = placeOf(nodes.find(({ role }) => role === "control-plane")!);
    const first = hosts.find((host) => host.place === place);
    if (first === undefined || voting.includes(first)) return [];
    return [
        `${first.where}: ${first.place} is the first control-plane node of the list, but not in the cluster yet, so it would start a second cluster. List it after ${voting[0].place}, which is in the cluster.`,
    ];
}
