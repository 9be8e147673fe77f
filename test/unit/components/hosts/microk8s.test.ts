// Proves the resources for the nodes of a cluster. Tests on sandbox hosts prove what the commands do.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { renderLaunch, type LaunchSettings } from "../../../../components/hosts/microk8s/launch";
import { asked, comesAfter, one, plain, type Seen } from "../../../kit";
import { node, recordNodes, SUDO_PASSWORD, THREE } from "../../kit/cluster-nodes";

const COMMAND = "command:remote:Command";
const step = (seen: Seen[], number: number, name: string) => one(seen, COMMAND, `nodes-10.0.0.${number}-${name}`);
const hostOf = (resource: Seen) => (plain(resource.inputs.connection) as { host: string }).host;

describe("Microk8s", () => {
    let three: Seen[];
    before(async () => {
        three = await recordNodes({ nodes: THREE });
    });

    it("installs all nodes at once, and lets them join one after another", () => {
        for (const number of [2, 3]) {
            assert.ok(!comesAfter(three, step(three, number, "snap"), step(three, 1, "ready")));
            assert.ok(comesAfter(three, step(three, number, "member"), step(three, number - 1, "ready")));
            assert.ok(comesAfter(three, step(three, number, "joined"), step(three, number, "member")));
        }
    });

    it("outputs the kubeconfig, a secret, when every node is ready and the add-ons are there", () => {
        const kubeconfig = one(three, COMMAND, "nodes-kubeconfig");
        for (const number of [1, 2, 3]) assert.ok(comesAfter(three, kubeconfig, step(three, number, "ready")));
        assert.ok(comesAfter(three, kubeconfig, one(three, COMMAND, "nodes-addons")));
        const provider = one(three, "pulumi:providers:kubernetes");
        assert.ok(pulumi.runtime.isRpcSecret(provider.inputs.kubeconfig));
        assert.equal(provider.inputs.clusterIdentifier, "uid-of-the-cluster");
    });

    it("queries the first node about the others, and another control-plane node about the first", () => {
        assert.deepEqual(
            [1, 2, 3].map((number) => hostOf(step(three, number, "member"))),
            ["10.0.0.2", "10.0.0.1", "10.0.0.1"],
        );
        assert.equal(hostOf(step(three, 1, "ready")), "10.0.0.1");
    });

    it("renews a join token right before a node joins, and only then", () => {
        assert.deepEqual(
            [1, 2, 3].map((number) => asked(step(three, number, "joined")).beforeCreate.length),
            [0, 1, 1],
        );
    });

    it("keeps every script secret, and has no secret in a command line", () => {
        for (const command of three.filter(({ type }) => type === COMMAND)) {
            assert.ok(pulumi.runtime.isRpcSecret(command.inputs.stdin), command.name);
            const { stdin, connection: _, ...shown } = command.inputs;
            assert.ok(!JSON.stringify(shown).includes(SUDO_PASSWORD));
            assert.equal(String(plain(stdin)).includes(SUDO_PASSWORD), hostOf(command) === "10.0.0.1", command.name);
        }
    });

    it("waits for the pods of a removed node longer than their longest answer may take", async () => {
        const waited = async (alpa: object) => {
            const seen = await recordNodes({ nodes: THREE }, { alpa: { endpoints: ["10.0.1.11:20001"], ...alpa } });
            const script = String(plain(step(seen, 2, "ready").inputs.stdin));
            return Number(/drain_seconds=\D*(\d+)/.exec(script)![1]);
        };
        const [usual, long] = [await waited({}), await waited({ answerTimeoutSeconds: 3600 })];
        assert.equal(usual, 1200);
        assert.equal(long - usual, 3000);
    });

    it("adds only its own steps for one more node, and changes no other", async () => {
        const four = await recordNodes({ nodes: [...THREE, node(4, { role: "worker" })] });
        const key = (r: Seen) => `${r.type} ${r.name}`;
        const added = four.filter((r) => !three.some((old) => key(old) === key(r)));
        assert.ok(
            added.every(({ name }) => name.startsWith("nodes-10.0.0.4")),
            added.map(key).join("\n"),
        );
        for (const old of three.filter(({ type }) => type === COMMAND))
            assert.deepEqual(plain(one(four, COMMAND, old.name).inputs), plain(old.inputs), old.name);
    });

    it("has neither a join token nor a membership for a single node", async () => {
        const single = await recordNodes({ nodes: [node(1)] });
        assert.ok(!single.some(({ name }) => name.endsWith("-member") || name.endsWith("-token")));
    });
});

describe("launch configuration", () => {
    const render = (...args: Parameters<typeof renderLaunch>) => parse(renderLaunch(...args));
    const wish: LaunchSettings = { role: "control-plane", first: true, sans: ["10.0.0.1"], storage: "hostpath" };

    it("enables the add-ons only on the node that starts the cluster, and always dns", () => {
        assert.deepEqual(render(wish).addons, [{ name: "dns" }, { name: "hostpath-storage" }]);
        assert.deepEqual(render({ ...wish, storage: "none" }).addons, [{ name: "dns" }]);
        assert.equal(render({ ...wish, first: false }).addons, undefined);
    });

    it("configures authorization on every control-plane node", () => {
        for (const first of [true, false])
            assert.deepEqual(render({ ...wish, first }).extraKubeAPIServerArgs, {
                "--authorization-mode": "RBAC,Node",
            });
    });

    it("sets another pod network on every node, and none where it is MicroK8s' default", () => {
        const podNetwork = "10.200.0.0/16";
        for (const role of ["control-plane", "worker"] as const)
            assert.deepEqual(render({ ...wish, role, podNetwork }).extraCNIEnv, {
                IPv4_SUPPORT: "true",
                IPv4_CLUSTER_CIDR: podNetwork,
                IPv4_SERVICE_CIDR: "10.152.183.0/24",
            });
        assert.equal(render(wish).extraCNIEnv, undefined);
    });

    it("has no token and no join", () => {
        for (const first of [true, false])
            assert.deepEqual(
                Object.keys(render({ ...wish, first })).filter((key) => /join|oken/.test(key)),
                [],
            );
    });
});
