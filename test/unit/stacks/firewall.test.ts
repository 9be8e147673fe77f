// Proves the effect of firewall on a stack of option inter, from its config to its outputs.
import { strict as assert } from "node:assert";
import { ConfigError } from "../../../config";
import { inter } from "../../../stacks/inter";
import { comesAfter, one, record } from "../../kit";
import { CALLS, HOST } from "../kit/cloudflare";
import { SAID, SSH, THREE } from "../kit/cluster-nodes";
import { KUBECONFIG } from "../kit/intra-a";
import { interValues, parseInter } from "../kit/inter";

const ENDPOINTS = ["10.0.0.11:20001"];
const COMMAND = "command:remote:Command";

const settingsOf = (firewall: object | undefined, values: object = {}, isSecret?: () => boolean) =>
    parseInter(
        interValues(
            { alpa: { endpoints: ENDPOINTS }, firewall, ssh: SSH, ...values },
            { installer: "helm", crds: ["c"] },
        ),
        isSecret,
    );

async function run(...asked: Parameters<typeof settingsOf>) {
    const settings = settingsOf(...asked);
    let outputs: { serverFirewall?: string } = {};
    const seen = await record(
        () => (outputs = inter({ ...settings, cluster: { ...settings.cluster, clusterUid: "uid" } })),
        { ...SAID, "nodes-cluster": { stdout: KUBECONFIG } },
        CALLS,
    );
    const commands = seen.filter(({ type, name }) => type === COMMAND && name.startsWith("server-firewall"));
    return { seen, outputs, warnings: settings.warnings, commands };
}

describe("inter with firewall", () => {
    it("outputs rules for its nodes by default", async () => {
        const { outputs, commands } = await run(undefined, { cluster: { nodes: THREE } });
        assert.match(outputs.serverFirewall!, /elements = \{ 10\.0\.0\.1, 10\.0\.0\.2, 10\.0\.0\.3 \}/);
        assert.deepEqual(commands, []);
    });

    it("loads the rules by SSH if configured, and then has no output with the rules", async () => {
        const { outputs, seen } = await run({ hosts: [HOST], from: ["10.0.0.0/29"] });
        assert.ok(!("serverFirewall" in outputs));
        const { inputs } = one(seen, COMMAND, "server-firewall-10.0.0.11");
        assert.equal(inputs.create, "sh -s -- 10.0.0.11 alpa-auth/test install server=20001 from=10.0.0.0/29");
    });

    it("blocks the address of a removed node only after the cluster has drained the node", async () => {
        const { seen } = await run({ hosts: [HOST] }, { cluster: { nodes: THREE } });
        const [rules, cluster] = ["server-firewall-10.0.0.11", "nodes-cluster"].map((name) => one(seen, COMMAND, name));
        assert.ok(comesAfter(seen, rules, cluster));
    });

    it("reports that there are no rules if the nodes' addresses are unknown", async () => {
        const { outputs, warnings } = await run(undefined);
        assert.ok(!("serverFirewall" in outputs));
        assert.equal(warnings.filter((text) => text.startsWith("firewall: not set")).length, 1);
    });

    it("is rejected with keys in plain text", () => {
        assert.throws(
            () => settingsOf({ hosts: [HOST], from: ["10.0.0.1"] }, {}, () => false),
            ({ problems }: ConfigError) =>
                problems.some((text) => text.startsWith("ssh.privateKey: must be stored encrypted")),
        );
    });
});
