import { scriptBody } from "./script-files";
import { commandLine, scriptAsRoot } from "../ssh-script";

/** Facts about a host, read before anything is changed. */
export interface Probed {
    /** `ID` of /etc/os-release. */
    system: string;
    systemName: string;
    snapd: boolean;
    hostname: string;
    /** Id that systemd gave the installed system (machine-id(5)). Unset if it has none. */
    machine?: string;
    /** Ports of MicroK8s that other programs use, with their names; only for a host without MicroK8s. */
    taken: string[];
    /** Channel of the installed MicroK8s. Unset if MicroK8s is not installed. */
    channel?: string;
    /** Stack that installed MicroK8s. Unset if no stack did. */
    owner?: string;
    /** Whether the host is in the cluster of the stack that installed MicroK8s. */
    joined: boolean;
    /** Whether a MicroK8s that no stack installed is in a cluster with other nodes. */
    clustered: boolean;
    role?: string;
    /** Names and addresses in the node's certificate, separated by blanks. */
    sans?: string;
    /** Kubeconfig of a complete cluster, from the node that started it. */
    kubeconfig?: string;
    /** Kubeconfig from any other control-plane node. Such a node does not know whether the cluster is complete. */
    spareKubeconfig?: string;
    /** Clock of the host, in seconds since 1970. */
    clock: number;
}

const PROBE = scriptBody("probe.sh");

/** Script and command line that read the facts of a host. */
export function probe(place: string, owner: string, sudoPassword?: string): { command: string; script: string } {
    return { command: commandLine(place, owner, "look"), script: scriptAsRoot(PROBE, {}, sudoPassword) };
}

/** Parses the output of the script. */
export function readProbe(text: string): Probed {
    const lines = text.split("\n").flatMap((line) => {
        const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
        return key === undefined ? [] : [{ key, value }];
    });
    const all = (key: string) => lines.filter((line) => line.key === key).map(({ value }) => value);
    const last = (key: string) => all(key).pop() || undefined;
    const decoded = (key: string) => {
        const value = last(key);
        return value && Buffer.from(value, "base64").toString();
    };
    return {
        system: last("system") ?? "",
        systemName: last("systemName") ?? "",
        snapd: last("snapd") === "yes",
        hostname: last("hostname") ?? "",
        machine: last("machine"),
        taken: all("taken"),
        channel: last("channel"),
        owner: last("owner"),
        joined: last("joined") === "yes",
        clustered: last("clustered") === "yes",
        role: last("role"),
        sans: last("sans"),
        kubeconfig: decoded("kubeconfig"),
        spareKubeconfig: decoded("spareKubeconfig"),
        clock: Number(last("clock")),
    };
}
