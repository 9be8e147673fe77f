// Scripts for the hosts of a MicroK8s cluster. ssh-script.ts runs them.

import { graceSeconds } from "../../alpa/answer-times";
import { POD_NETWORK } from "./launch";
import { scriptBody } from "./script-files";
import { scriptAsRoot } from "../ssh-script";

const ON_NODE = scriptBody("node.sh");
const ON_CLUSTER = scriptBody("cluster.sh");

/** Lifetime of an invitation, in seconds. A join that has not finished by then has failed. */
export const INVITATION_SECONDS = 600;

/** Time until an evicted pod runs on another node, in seconds. Until then, the disruption budget allows no eviction. */
const START_ELSEWHERE_SECONDS = 525;

/** Longest time for the pods of a node to end, in seconds. A gateway pod first finishes its answers. */
export function drainSeconds(answerTimeoutSeconds: number): number {
    return graceSeconds({ answerTimeoutSeconds }) + START_ELSEWHERE_SECONDS;
}

export interface Waits {
    /** Longest wait in seconds for each of these steps: a node is installed, a node is ready, a node has joined. */
    readySeconds: number;
    /** Longest wait for the pods of a node that leaves, in seconds. */
    drainSeconds: number;
}

/** Values for a node that are not in its command line. The URL of the invitation is a secret. */
interface NodeFacts {
    launch: string;
    /** Names and addresses in the node's certificate, in the form of the launch configuration. */
    sans: string[];
    /** Pod network. @default MicroK8s' own default */
    podNetwork?: string;
    url?: string;
    sudoPassword?: string;
}

/** Script for a node. The command line selects its action. */
export function nodeScript(
    { launch, sans, podNetwork = POD_NETWORK, url = "", sudoPassword }: NodeFacts,
    waits: Waits,
): string {
    const variables = { launch, sans: sans.join(" "), pods: podNetwork, url, ready_seconds: `${waits.readySeconds}` };
    return scriptAsRoot(ON_NODE, variables, sudoPassword);
}

/** Values about a node for a script on a control-plane node. */
export interface ClusterFacts {
    /** Name of the node in the cluster. */
    node: string;
    /** Name of the node's host in the config. */
    place: string;
    /** Address of the control-plane node in the config. */
    address?: string;
    labels?: string[];
    taints?: string[];
    storage?: string;
    token?: string;
    sudoPassword?: string;
}

/** Script for a control-plane node. */
export function clusterScript(facts: ClusterFacts, waits: Waits): string {
    const { node, place, labels = [], taints = [], storage = "", token = "", address = "", sudoPassword } = facts;
    const variables = {
        ...{ node, place, address, storage, token, labels: labels.join(" "), taints: taints.join(" ") },
        labels_away: labels.map((label) => `${label.split("=")[0]}-`).join(" "),
        taints_away: taints.map((taint) => `${taint.split(/[=:]/)[0]}:${taint.split(":").pop()}-`).join(" "),
        ready_seconds: `${waits.readySeconds}`,
        drain_seconds: `${waits.drainSeconds}`,
        ttl_seconds: `${INVITATION_SECONDS}`,
    };
    return scriptAsRoot(ON_CLUSTER, variables, sudoPassword);
}
