// Proves the resources for the nodes of a cluster. Tests on sandbox hosts prove what the commands do.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { POD_NETWORK, renderLaunch } from "../../../../components/hosts/microk8s/launch";
import { asked, comesAfter, one, plain, type Seen } from "../../../kit";
import { node, recordNodes, SUDO_PASSWORD, THREE } from "../../kit/cluster-nodes";

const COMMAND = "command:remote:Command";
const nodeOf = (seen: Seen[], number: number) => one(seen, COMMAND, `nodes-10.0.0.${number}`);
const clusterOf = (seen: Seen[]) => one(seen, COMMAND, "nodes-cluster");
const hostOf = (resource: Seen) => (plain(resource.inputs.connection) as { host: string }).host;
const scriptOf = (resource: Seen) => String(plain(resource.inputs.stdin));

describe("Microk8s", () => {
    let three: Seen[];
    before(async () => {
        three = await recordNodes({ nodes: THREE });
    });

    it("lets nodes join one after another, each with a token of its own", () => {
        for (const number of [2, 3]) assert.ok(comesAfter(three, nodeOf(three, number), nodeOf(three, number - 1)));
        for (const number of [2, 3]) {
            one(three, "random:index/randomPassword:RandomPassword", `nodes-10.0.0.${number}-token`);
            assert.match(scriptOf(nodeOf(three, number)), /10\.0\.0\.1:25000\/generated-+\/0123456789ab/);
        }
        assert.doesNotMatch(scriptOf(nodeOf(three, 1)), /:25000/);
    });

    it("outputs the kubeconfig, a secret, when every node has joined", () => {
        for (const number of [1, 2, 3]) assert.ok(comesAfter(three, clusterOf(three), nodeOf(three, number)));
        assert.equal(hostOf(clusterOf(three)), "10.0.0.1");
        const provider = one(three, "pulumi:providers:kubernetes");
        assert.ok(pulumi.runtime.isRpcSecret(provider.inputs.kubeconfig));
        assert.equal(provider.inputs.clusterIdentifier, "uid-of-the-cluster");
    });

    it("renews a join token right before a node joins, and only then", () => {
        assert.deepEqual(
            [1, 2, 3].map((number) => asked(nodeOf(three, number)).beforeCreate.length),
            [0, 1, 1],
        );
    });

    it("keeps every script secret, and has no secret in a command line", () => {
        for (const command of three.filter(({ type }) => type === COMMAND)) {
            assert.ok(pulumi.runtime.isRpcSecret(command.inputs.stdin), command.name);
            const { stdin: _, connection: __, ...shown } = command.inputs;
            assert.ok(!JSON.stringify(shown).includes(SUDO_PASSWORD));
            assert.ok(scriptOf(command).includes(SUDO_PASSWORD), command.name);
        }
    });

    it("waits for the pods of a removed node longer than their longest answer may take", async () => {
        const waited = async (alpa: object) => {
            const seen = await recordNodes({ nodes: THREE }, { alpa: { endpoints: ["10.0.1.11:20001"], ...alpa } });
            return Number(/drain_seconds=\D*(\d+)/.exec(scriptOf(clusterOf(seen)))![1]);
        };
        const [usual, long] = [await waited({}), await waited({ answerTimeoutSeconds: 3600 })];
        assert.equal(usual, 1200);
        assert.equal(long - usual, 3000);
    });

    it("adds only its own command for one more node, and changes no other node", async () => {
        const four = await recordNodes({ nodes: [...THREE, node(4)] });
        const key = (r: Seen) => `${r.type} ${r.name}`;
        const added = four.filter((r) => !three.some((old) => key(old) === key(r)));
        assert.deepEqual(added.map(({ name }) => name).sort(), ["nodes-10.0.0.4", "nodes-10.0.0.4-token"]);
        for (const number of [1, 2, 3])
            assert.deepEqual(plain(nodeOf(four, number).inputs), plain(nodeOf(three, number).inputs));
    });
});

describe("launch configuration", () => {
    it("configures authorization, and has no token, join or add-on", () => {
        const { version, ...launch } = parse(renderLaunch(POD_NETWORK));
        assert.equal(version, "0.1.0");
        assert.deepEqual(launch.extraKubeAPIServerArgs, { "--authorization-mode": "RBAC,Node" });
        assert.deepEqual(Object.keys(launch), ["extraKubeAPIServerArgs", "extraKubeletArgs"]);
    });

    it("sets another pod network than MicroK8s' default", () =>
        assert.deepEqual(parse(renderLaunch("10.200.0.0/16")).extraCNIEnv, {
            IPv4_SUPPORT: "true",
            IPv4_CLUSTER_CIDR: "10.200.0.0/16",
            IPv4_SERVICE_CIDR: "10.152.183.0/24",
        }));
});
