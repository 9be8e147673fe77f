import type { Probed } from "../../components/hosts/microk8s/scripts";

/** A host that has answered. */
export interface ProbedHost extends Probed {
    /** Config key of the host, such as `cluster.nodes[0]`, for messages. */
    where: string;
    /** Name of the host in the config. */
    place: string;
}

/**
 * Returns the problems of the hosts that have answered.
 * @param first name of the first host in the config, which may be down
 */
export function hostFindings(hosts: ProbedHost[], first: string): string[] {
    return [
        ...hosts.flatMap(({ where, place, problem }) =>
            problem === undefined ? [] : [`${where}: ${place} ${problem}`],
        ),
        ...sameNames(hosts),
        ...secondCluster(hosts, first),
    ];
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

/** Checks that the first host is in the existing cluster. Otherwise it would start a second cluster. */
function secondCluster(hosts: ProbedHost[], place: string): string[] {
    const first = hosts.find((host) => host.place === place);
    const member = hosts.find(({ kubeconfig }) => kubeconfig !== undefined);
    if (first === undefined || first.kubeconfig !== undefined || member === undefined) return [];
    return [
        `${first.where}: ${first.place} is the first of the list, but not in the cluster yet, so it would start a second cluster. List it after ${member.place}, which is in the cluster.`,
    ];
}
