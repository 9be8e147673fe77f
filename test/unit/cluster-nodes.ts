import { parse } from "../../config";
import type { Microk8sArgs } from "../../components/parts/microk8s";
import { HOST_KEY, SSH_KEY } from "./cloudflare";
import { parseIntra, raw } from "./intra-a";

/** A host of `cluster.nodes`, as a stack file has it. */
export const node = (number: number, more: object = {}) => ({
    address: `10.0.0.${number}`,
    user: "ops",
    hostKey: HOST_KEY,
    privateKey: SSH_KEY,
    role: "control-plane",
    ...more,
});

export const THREE = [node(1), node(2), node(3)];

/** Checked settings of the nodes of a stack. */
export function nodesOf(cluster: object): Microk8sArgs {
    return parseIntra(raw({ cluster }), () => true).nodes!;
}

/** All that is wrong with key `cluster`. */
export function problemsOf(cluster: object, isSecret: Parameters<typeof parse>[1] = () => true): string[] {
    try {
        parse(raw({ cluster, consumers: [] }), isSecret);
        return [];
    } catch (error) {
        return (error as { problems: string[] }).problems;
    }
}
