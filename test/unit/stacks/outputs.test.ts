// Proves the outputs of every stack with callers, and how the stack connects to its cluster.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse as parseYaml } from "yaml";
import { derive } from "../../../components/consumers/generated-secrets";
import { cloudflare } from "../../../stacks/cloudflare";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { comesAfter, generatedText, one, oneOfKind, plain, record, type Seen, value } from "../../kit";
import { ACCOUNT, CALLS, cloudflareStack, recordCloudflare, TOKENS } from "../kit/cloudflare";
import { SAID, SSH, THREE } from "../kit/cluster-nodes";
import { interSettings, interValues, parseInter } from "../kit/inter";
import { KUBECONFIG, recordStack, settings } from "../kit/intra-a";

const CLUSTER = { cluster: { kubeconfig: KUBECONFIG, context: "one" } };
/** The fake engine always generates the same text. */
const KEY = derive(generatedText(64), generatedText(), "key");
const OUTPUTS = ["url", "credentials", "jwtSecrets", "curl", "expires"];

const stacks: [option: string, program: () => object, url: string][] = [
    ["intra-a", () => intra(settings("rampart", CLUSTER)), "http://10.0.0.11:30800/alpa"],
    ["inter", () => inter(parseInter(interValues(CLUSTER))), "http://llm.example.com:30800/alpa"],
];
for (const [option, program, url] of stacks)
    describe(`a stack of option ${option}`, () => {
        let seen: Seen[];
        let outputs: Record<string, pulumi.Output<unknown>>;
        before(async () => (seen = await record(() => (outputs = program() as typeof outputs))));

        it("outputs the address in plain text, and every key as a secret", async () => {
            assert.deepEqual(Object.keys(outputs), OUTPUTS);
            assert.equal(outputs.url, url);
            for (const name of ["credentials", "jwtSecrets", "curl"])
                assert.equal(await pulumi.isSecret(outputs[name]), true, name);
            const keys = { "lab/2026a": KEY, "lab/2026b": KEY, "nlp/2026a": KEY };
            assert.deepEqual(await value(outputs.credentials), keys);
        });

        it("gives the cluster's provider the kubeconfig as a secret", () => {
            const { kubeconfig } = one(seen, "pulumi:providers:kubernetes").inputs;
            assert.ok(pulumi.runtime.isRpcSecret(kubeconfig));
            assert.equal(plain(kubeconfig), KUBECONFIG);
        });
    });

describe("stack intra", () => {
    it("puts the gateway into a Rampart graph in its own namespace", async () => {
        const seen = await recordStack("rampart", { namespace: "team-a" });
        assert.equal(oneOfKind(seen, "RampartGraph").inputs.metadata.namespace, "team-a");
    });

    it("leaves the environment's kubeconfig to the provider where the config has none", async () => {
        const { inputs } = one(await recordStack("rampart"), "pulumi:providers:kubernetes");
        assert.deepEqual(Object.keys(inputs), []);
    });
});

describe("stack inter", () => {
    it("connects to its cluster by another node while the first is down, also on destroy", async () => {
        const settings = parseInter(interValues({ cluster: { nodes: THREE }, ssh: SSH }));
        const fallbackAccess = { kubeconfig: pulumi.secret("by another node") };
        let outputs: ReturnType<typeof inter> | undefined;
        const seen = await record(
            () => (outputs = inter({ ...settings, cluster: { clusterUid: "uid" }, fallbackAccess })),
            SAID,
            CALLS,
        );
        const provider = one(seen, "pulumi:providers:kubernetes");
        assert.ok(pulumi.runtime.isRpcSecret(provider.inputs.kubeconfig));
        assert.equal(plain(provider.inputs.kubeconfig), "by another node");
        assert.ok(comesAfter(seen, provider, one(seen, "command:remote:Command", "nodes-cluster")));
        assert.equal(await value(outputs!.kubeconfig!), "by another node");
    });

    it("has a shipped stack file with valid settings, which cause no warning", () => {
        const file = readFileSync(join(__dirname, "../../../Pulumi.inter.yaml"), "utf8");
        const { config } = parseYaml(file) as { config: Record<string, unknown> };
        const own = Object.entries(config).map(([key, v]) => [key.replace("alpa-auth:", ""), v]);
        const settings = parseInter(Object.fromEntries(own) as Record<string, unknown>);
        assert.deepEqual(settings.warnings, []);
        assert.equal(settings.gateway.release.replicas, interSettings("rampart").gateway.release.replicas);
    });
});

describe("stack cloudflare", () => {
    it("outputs the address, the expiries and the name servers in plain text, and pairs as secrets", async () => {
        let outputs: ReturnType<typeof cloudflare> | undefined;
        await record(() => (outputs = cloudflare(cloudflareStack())), TOKENS, CALLS);
        const { url, credentials, curl, expires, nameServers, zoneStatus, ...others } = outputs!;
        assert.deepEqual(others, {}, "no ds: only a signed zone has one, and Pulumi warns of an empty output");
        assert.equal(url, "https://llm.example.com");
        assert.equal(await pulumi.isSecret(credentials), true);
        assert.equal(await pulumi.isSecret(curl), true);
        for (const output of [expires, nameServers, zoneStatus])
            assert.equal(await pulumi.isSecret(output as pulumi.Output<unknown>), false);
        assert.deepEqual(await value(nameServers), ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]);
        assert.equal(await value(zoneStatus), "active");
    });

    describe("with a disabled token", () => {
        const consumers = ["on", "off"].map((id) => ({
            name: "lab",
            credentials: [{ id, method: "service-token", enabled: id === "on" }],
        }));
        consumers[1].name = "nlp";
        const asked = async (preview: boolean) => {
            const calls: unknown[] = [];
            const tokens = { "nlp.off-token": TOKENS["nlp.2026a-token"], "lab.on-token": TOKENS["lab.2026a-token"] };
            const confirm = async (call: unknown) => void calls.push(call);
            await record(() => cloudflare(cloudflareStack({ consumers }), confirm), tokens, CALLS, preview);
            return calls;
        };

        it("checks whether Cloudflare rejects that token, and no other", async () =>
            assert.deepEqual(await asked(false), [{ account: ACCOUNT, ids: { "nlp/off": "nlp.off-token-id" } }]));

        it("checks nothing in a preview, when the token may still be accepted", async () =>
            assert.deepEqual(await asked(true), []));
    });

    it("creates nothing of the other options", async () => {
        const seen = await recordCloudflare();
        assert.deepEqual(
            seen.filter(({ type }) => /kubernetes|random/.test(type)).map(({ name }) => name),
            ["seed"],
        );
    });
});
