// Proves which clusters a stack may have, and that all problems are reported at once. Preflight checks whether the hosts match
// the config.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { node, SSH, problemsOf, THREE } from "../../kit/cluster-nodes";
import { KUBECONFIG, parseIntra, raw } from "../../kit/intra-a";
import { itRefuses, type Refused } from "../refused";

const OPERATIONS = readFileSync(join(__dirname, "../../../../docs/operate/nodes.md"), "utf8");

const refused: Refused<object>[] = [
    ["no nodes", { nodes: [] }, "cluster.nodes: must name at least one host. Add a host, or remove the key."],
    [
        "a kubeconfig together with nodes",
        { nodes: [node(1)], kubeconfig: KUBECONFIG },
        "cluster.kubeconfig: must not be set together with cluster.nodes, which creates a cluster. Remove one of them.",
    ],
    [
        "keys of nodes without nodes",
        { channel: "1.34/stable", podNetwork: "10.200.0.0/16" },
        "cluster.channel: only valid for a cluster that this stack creates. Set cluster.nodes, or remove this key.",
        /^cluster\.podNetwork: only valid for/,
    ],
    [
        "a host that is listed twice",
        { nodes: [node(1), node(1)] },
        "cluster.nodes[1]: must be listed only once (cluster.nodes[0] is 10.0.0.1:22 too). One host can be only one node.",
    ],
    [
        "two nodes at one address",
        { nodes: [node(1), { ...node(1), address: "10.0.0.1:2222" }] },
        /^cluster\.nodes\[1\]: must have an address of its own \(cluster\.nodes\[0\] has 10\.0\.0\.1 too\)/,
    ],
    [
        "a channel that is not pinned",
        { nodes: [node(1)], channel: "latest/stable" },
        /must be track\/risk with a pinned track/,
    ],
    ["a channel that is too old", { nodes: [node(1)], channel: "1.27/stable" }, /^cluster\.channel: must be 1\.28 or/],
    [
        "a label reserved for the cluster",
        { nodes: [node(1, { labels: { "node.kubernetes.io/microk8s-controlplane": "x" } })] },
        /must not be a name that the cluster sets itself/,
    ],
    ["a command for a label", { nodes: [node(1, { labels: { a: "$(reboot)" } })] }, /must be the value of a label/],
    ["a command for a name", { nodes: [node(1, { labels: { "$(reboot)": "a" } })] }, /must be the name of a label/],
    [
        "a host in the network of the pods, and one in that of Services",
        { nodes: [{ ...node(1), address: "10.1.0.7" }, node(2, { address: "10.152.183.9" })] },
        /^cluster\.nodes\[0\]\.address: must not be in 10\.1\.0\.0\/16, the network of the cluster's pods \(got 10\.1\.0\.7\)\. Set cluster\.podNetwork/,
        /^cluster\.nodes\[1\]\.address: must not be in 10\.152\.183\.0\/24, the network of MicroK8s' Services/,
    ],
    [
        "a host in the configured network of the pods",
        { nodes: [node(1)], podNetwork: "10.0.0.0/16" },
        /^cluster\.nodes\[0\]\.address: must not be in 10\.0\.0\.0\/16/,
        /^alpa\.endpoints\[0\]: must not be in 10\.0\.0\.0\/16/,
        /^alpa\.endpoints\[1\]: must not be in 10\.0\.0\.0\/16/,
    ],
    [
        "the network of Services for pods",
        { nodes: [node(1)], podNetwork: "10.152.0.0/16" },
        /^cluster\.podNetwork: must not overlap 10\.152\.183\.0\/24/,
    ],
];

describe("config cluster", () => {
    itRefuses(refused, problemsOf);

    it("rejects secrets in plain text, and repeats none of them", () => {
        const found = problemsOf({ nodes: [node(1)] }, () => false);
        assert.deepEqual(
            found.map((problem) => problem.split(":")[0]),
            ["ssh.privateKey", "ssh.sudoPassword"],
        );
        assert.doesNotMatch(found.join("\n"), /correct horse|PRIVATE KEY/);
    });

    it("allows hosts and Alpa in 10.1.0.0/16 where pods are elsewhere, as docs/operate/nodes.md says", () => {
        const [, podNetwork] = /^ *pulumi config set --path cluster\.podNetwork (\S+)$/m.exec(OPERATIONS)!;
        const nodes = [{ ...node(1), address: "10.1.96.188" }];
        const settings = (cluster: object) =>
            parseIntra(raw({ cluster, ssh: SSH, alpa: { endpoints: ["10.1.96.188:20001"] } }), () => true);
        assert.equal(settings({ nodes, podNetwork }).nodes!.podNetwork, podNetwork);
        assert.throws(
            () => settings({ nodes }),
            (error: { problems: string[] }) => {
                const where = error.problems.map((problem) => problem.split(":")[0]);
                assert.deepEqual(where, ["cluster.nodes[0].address", "alpa.endpoints[0]"]);
                return true;
            },
        );
    });

    it("has no kubeconfig until the nodes are a cluster: never that of the environment", () =>
        assert.deepEqual(parseIntra(raw({ cluster: { nodes: THREE }, ssh: SSH })).cluster, {
            context: "(of cluster.nodes)",
        }));
});
