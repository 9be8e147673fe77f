import { parse } from "../../../config";
import { intra } from "../../../stacks/intra";
import { record, type Seen } from "../../kit";
import type { Microk8sArgs } from "../../../components/hosts/microk8s/microk8s";
import { HOST_KEY, SSH_KEY } from "./cloudflare";
import { KUBECONFIG, parseIntra, raw } from "./intra-a";

/** A host of `cluster.nodes`, as in a stack file. */
export const node = (number: number, more: object = {}) => ({
    address: `10.0.0.${number}`,
    hostKey: HOST_KEY,
    ...more,
});

export const SUDO_PASSWORD = "correct horse";

/** Login on the hosts. */
export const SSH = { user: "ops", privateKey: SSH_KEY, sudoPassword: SUDO_PASSWORD };

export const THREE = [node(1), node(2), node(3, { labels: { rack: "a" } })];

/** Output of commands on the hosts. */
export const SAID = Object.fromEntries(
    [1, 2, 3, 4].map((number) => [`nodes-10.0.0.${number}`, { stdout: `node-${number} 0123456789ab` }]),
);

/** All resources of a stack with these nodes. */
export function recordNodes(cluster: object, values: object = {}): Promise<Seen[]> {
    const settings = parseIntra(
        raw({ cluster, ssh: SSH, gateway: { installer: "helm", crds: ["crds.yaml"] }, ...values }),
    );
    const known = { ...settings, cluster: { clusterUid: "uid-of-the-cluster" } };
    return record(() => intra(known), { ...SAID, "nodes-cluster": { stdout: KUBECONFIG } });
}

/** Validated settings of a stack's nodes. */
export function nodesOf(cluster: object): Microk8sArgs {
    return parseIntra(raw({ cluster, ssh: SSH }), () => true).nodes!;
}

/** All problems with key `cluster`. */
export function problemsOf(cluster: object, isSecret: Parameters<typeof parse>[1] = () => true): string[] {
    try {
        parse(raw({ cluster, ssh: SSH, consumers: [] }), isSecret);
        return [];
    } catch (error) {
        return (error as { problems: string[] }).problems;
    }
}
