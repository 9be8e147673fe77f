// Scripts for the hosts of a MicroK8s cluster. ../script.ts runs them.

import { scriptFile, commandLine, scriptAsRoot } from "../script";

/** Folder with this project's records about MicroK8s on a host. */
export const FOLDER = "/etc/alpa-auth-microk8s";

/** Node label with the name of its host in the config. */
export const PLACE_LABEL = "alpa-auth.io/place";

const [NODE, CLUSTER, PROBE] = ["node.sh", "cluster.sh", "probe.sh"].map((file) =>
    scriptFile(__dirname, file)({ FOLDER, PLACE_LABEL }),
);

/** Script for a node, with its launch configuration, and the invitation if it is not the first node. */
export function nodeScript(launch: string, url = "", sudoPassword?: string): string {
    return scriptAsRoot(NODE, { launch, url }, sudoPassword);
}

/** Script for the first node that makes a token valid for ten minutes. */
export function inviteScript(token: string, sudoPassword?: string): string {
    return scriptAsRoot(CLUSTER, { token, nodes: "", drain_seconds: "" }, sudoPassword);
}

/** A node, as the first node sees it. */
export interface Member {
    /** Name in the cluster. */
    node: string;
    /** Name of its host in the config. */
    place: string;
    labels: string[];
}

/** Script for the first node that sets up the cluster of all nodes, and removes other nodes of this stack. */
export function clusterScript(members: Member[], drainSeconds: number, sudoPassword?: string): string {
    const nodes = members.map(({ node, place, labels }) => [node, place, ...labels].join(" ")).join(",");
    return scriptAsRoot(CLUSTER, { token: "", nodes, drain_seconds: `${drainSeconds}` }, sudoPassword);
}

/** Facts about a host, read before anything is changed. */
export interface Probed {
    /** What prevents a node on this host. */
    problem?: string;
    hostname: string;
    /** Id that systemd gave the installed system (machine-id(5)). Unset if it has none. */
    machine?: string;
    /** Kubeconfig of the cluster; unset if the host is not in the cluster of this stack. */
    kubeconfig?: string;
}

/** Command line and script that read the facts of a host. */
export function probe(words: string[], sudoPassword?: string): { command: string; script: string } {
    return { command: commandLine(...words), script: scriptAsRoot(PROBE, {}, sudoPassword) };
}

/** Parses the output of the script. */
export function readProbe(text: string): Probed {
    const read = (key: string) => new RegExp(`^${key}=(.+)$`, "m").exec(text)?.[1];
    const kubeconfig = read("kubeconfig");
    return {
        problem: read("problem"),
        hostname: read("hostname") ?? "",
        machine: read("machine"),
        kubeconfig: kubeconfig && Buffer.from(kubeconfig, "base64").toString(),
    };
}
