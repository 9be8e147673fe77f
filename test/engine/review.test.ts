// Proves on the real engine, Kubernetes provider and API server what a review says of a change: one stack is brought up, and
// then each config is only previewed. Also that drift finds what somebody did in the cluster. Rampart and the gateway are
// stand-ins; that Rampart restarts what a review says it restarts is not proved here.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { CoreV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import type { Finding } from "../../ops/stack/review/finding";
import { assertCodes, codes, findingsIn } from "../findings";
import { cloneProgram, edit } from "./clone";
import { current, failed, succeeded, TestStack, useWorld, type StackConfig } from "./kit";

const key = (id: string) => ({ id, method: "key" });
const alice = {
    name: "alice",
    limits: { requests: 60, perSeconds: 60, concurrent: 2 },
    credentials: [key("a1"), key("a2")],
};
const bob = { name: "bob", credentials: [key("b1"), { id: "hs", method: "jwt", algorithm: "HS256" }] };
const consumers = [alice, bob];
const limits = (values: object): StackConfig => ({
    consumers: [{ ...alice, limits: { ...alice.limits, ...values } }, bob],
});

type Scenario = [what: string, config: StackConfig, findings: string[]];

/** What a caller could notice; the empty ones and those that are harmless alone raise no alarm. */
const SCENARIOS: Scenario[] = [
    ["nothing", {}, []],
    ["callers in another order", { consumers: [bob, alice] }, []],
    ["credentials in another order", { consumers: [{ ...alice, credentials: [key("a2"), key("a1")] }, bob] }, []],
    ["longer waits", { readiness: { settleSeconds: 1, graphTimeoutSeconds: 300, acceptTimeoutSeconds: 60 } }, []],
    [
        "an end that is far",
        { consumers: [{ ...alice, credentials: [key("a1"), { ...key("a2"), expires: "2099-01-31" }] }, bob] },
        [],
    ],
    [
        "a credential more",
        { consumers: [{ ...alice, credentials: [...alice.credentials, key("a3")] }, bob] },
        ["harmless credential-added"],
    ],
    ["more requests", limits({ requests: 120 }), ["harmless limit-raised"]],
    ["more at a time", limits({ concurrent: 5 }), ["harmless limit-raised"]],
    ["a caller less", { consumers: [alice] }, ["breaks-callers caller-removed"]],
    ["no callers", { consumers: [] }, ["breaks-callers caller-removed"]],
    [
        "a credential less",
        { consumers: [{ ...alice, credentials: [key("a1")] }, bob] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "a credential that has ended",
        { consumers: [{ ...alice, credentials: [key("a1"), { ...key("a2"), expires: "2020-01-31" }] }, bob] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "another method under one id",
        { consumers: [alice, { ...bob, credentials: [{ ...bob.credentials[1], id: "b1" }, bob.credentials[1]] }] },
        ["breaks-callers credential-changed"],
    ],
    [
        "a renamed caller",
        { consumers: [alice, { ...bob, name: "robert" }] },
        ["breaks-callers caller-removed", "harmless caller-added"],
    ],
    ["fewer requests", limits({ requests: 10 }), ["breaks-callers limit-lowered"]],
    ["a longer window", limits({ perSeconds: 600 }), ["breaks-callers limit-lowered"]],
    ["fewer at a time", limits({ concurrent: 1 }), ["breaks-callers limit-lowered"]],
    [
        "a limit where none was",
        { consumers: [alice, { ...bob, limits: { concurrent: 1 } }] },
        ["breaks-callers limit-lowered"],
    ],
    ["no limits", { consumers: [{ ...alice, limits: undefined }, bob] }, ["risk limit-removed"]],
    [
        "shorter bodies",
        { guard: { maxBodyBytes: 1024 } },
        ["breaks-callers request-refused", "harmless changed-inside"],
    ],
    ["no guard", { guard: { disabledBecause: "a trial of the model" } }, ["risk protection-weakened"]],
    ["a deployment tried again", { rampart: { retry: 1 } }, ["risk gateway-changed"]],
];

/** Those that need to know what was there before. */
function ofPlace(nodePort: number, alpa: string): Scenario[] {
    return [
        [
            "shorter answers",
            { alpa: { endpoints: [alpa], answerTimeoutSeconds: 300 } },
            ["breaks-callers timeout-lowered"],
        ],
        ["longer answers", { alpa: { endpoints: [alpa], answerTimeoutSeconds: 900 } }, ["harmless timeout-raised"]],
        ["an Alpa more", { alpa: { endpoints: [alpa, "10.255.0.1:20001"] } }, ["risk upstream-added"]],
        ["another Alpa", { alpa: { endpoints: ["10.255.0.1:20001"] } }, ["risk upstream-replaced"]],
        ["another port", { gateway: { nodePort: nodePort + 1 } }, ["breaks-callers way-in-changed"]],
        ["another address of the same nodes", { gateway: { address: "127.0.0.2" } }, []],
        [
            "another image",
            { gateway: { image: { repository: "apache/apisix", tag: "3.18.1-ubuntu" } } },
            ["breaks-callers service-interrupted"],
        ],
    ];
}

describe("review on the engine", function () {
    this.timeout(240_000);
    useWorld();
    let stack: TestStack;
    let secrets: string[];

    before(async () => {
        stack = await TestStack.create("review", { consumers });
        succeeded(await stack.up());
        const { credentials, jwtSecrets } = await stack.outputs();
        secrets = [...Object.values(credentials), ...Object.values(jwtSecrets)];
    });
    after(async () => {
        stack.configure({ consumers });
        await stack.destroy();
    });

    /** Findings of the config that is there. */
    async function findings(): Promise<Finding[]> {
        const { stdout } = succeeded(await stack.preview("--json"));
        const found = findingsIn(stdout);
        for (const secret of secrets) assert.ok(!JSON.stringify(found).includes(secret));
        return found;
    }

    for (const [what, config, expected] of SCENARIOS)
        it(`says of ${what}: ${expected.join(", ") || "no finding"}`, async () => {
            stack.configure({ consumers, ...config });
            assertCodes(await findings(), expected);
        });

    for (const [index, [what, , expected]] of ofPlace(0, "").entries())
        it(`says of ${what}: ${expected.join(", ") || "no finding"}`, async () => {
            const { facts } = current().world;
            const [, config] = ofPlace(stack.nodePort, facts.alpa)[index];
            stack.configure({ consumers, ...config });
            assertCodes(await findings(), expected);
        });

    it("says of a destroy that all goes, the callers by name", async () => {
        stack.configure({ consumers });
        const { stdout } = succeeded(await stack.run(["destroy", "--preview-only", "--json"]));
        const found = findingsIn(stdout);
        const says = found.filter(({ code }) => code === "caller-removed").map((finding) => finding.says);
        assert.deepEqual(
            says,
            ["alice", "bob"].map((name) => `Caller ${name} loses access, with all its credentials`),
        );
        assert.ok(codes(found).includes("breaks-callers gateway-deleted"));
        assert.deepEqual(
            found.filter(({ code }) => code === "unknown-resource"),
            [],
        );
    });

    it("finds nothing in a rename with an alias, and a thing made anew in one without", async () => {
        stack.configure({ consumers });
        const clone = cloneProgram(join(current().dir, "renamed"));
        const file = join(clone, "components/parts/alpa-route.ts");
        const options = "dependsOn: [completions, logprobs, nowhere]";
        edit(file, "`${name}-rules`", "`${name}-ways`");
        edit(file, options, `aliases: [{ name: \`\${name}-rules\` }], ${options}`);
        const stackFile = join(current().world.facts.stackFiles, "Pulumi.review.yaml");
        const run = ["preview", "--json", "--cwd", clone, "--config-file", stackFile];
        const findingsOf = async () => {
            const { stdout } = succeeded(await stack.run(run));
            return findingsIn(stdout);
        };
        assert.deepEqual(await findingsOf(), []);
        edit(file, `aliases: [{ name: \`\${name}-rules\` }], `, "");
        const found = await findingsOf();
        assert.deepEqual(codes(found), ["breaks-callers made-anew", "breaks-callers service-interrupted"]);
    });

    it("as a command ends with 1 for what breaks callers, and reads a saved plan the same", async () => {
        stack.configure({ consumers: [alice] });
        const plan = `${current().dir}/plan.json`;
        const run = await stack.ops("stack", "review", "--format", "json", "--save-plan", plan);
        assert.equal(run.code, 1, run.stderr);
        const fromPlan = await stack.ops("stack", "review", "--format", "json", "--plan", plan);
        assert.equal(fromPlan.code, 1, fromPlan.stderr);
        const told = (text: string) =>
            JSON.parse(text).findings.map((finding: Finding) => [finding.severity, finding.code, finding.says]);
        assert.deepEqual(told(fromPlan.stdout), told(run.stdout));
        for (const secret of secrets)
            assert.ok(![run, fromPlan].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes(secret)));
    });

    it("expire takes an end that has come for one, and stops at what else the run would do", async () => {
        const ended = { ...alice, credentials: [key("a1"), { ...key("a2"), expires: "2020-01-31" }] };
        stack.configure({ consumers: [ended, bob] });
        const alone = succeeded(await stack.ops("consumer", "expire"));
        assert.match(alone.stdout, /credential-revoked {2}Credential alice\/a2 stops working/);
        assert.match(alone.stderr, /Add --apply to leave them out/);
        stack.configure({ consumers: [ended] });
        assert.match(failed(await stack.ops("consumer", "expire", "--apply")), /are others: caller-removed/);
    });

    it("as a command ends with 0 for a caller more, also where a risk is to fail", async () => {
        stack.configure({ consumers: [...consumers, { name: "carol", credentials: [key("c1")] }] });
        const run = await stack.ops("stack", "review", "--format", "json", "--fail-on", "risk");
        assert.equal(run.code, 0, run.stderr + run.stdout);
        assertCodes(JSON.parse(run.stdout).findings, ["harmless caller-added"]);
    });

    it("drift finds nothing of what Pulumi made", async () => {
        stack.configure({ consumers });
        const { code, stdout, stderr } = await stack.ops("stack", "drift", "--format", "json");
        assert.equal(code, 0, stderr + stdout);
        assert.deepEqual(JSON.parse(stdout).findings, []);
    });

    it("drift names what somebody did in the cluster, and up --refresh puts it back", async () => {
        const { kubeConfig } = current().world;
        const objects = kubeConfig.makeApiClient(CustomObjectsApi);
        const place = {
            group: "apisix.apache.org",
            version: "v1alpha1",
            namespace: stack.name,
            plural: "consumers",
            name: "alice",
        };
        const live = await objects.getNamespacedCustomObject(place);
        const plugins = live.spec.plugins.map((plugin: any) =>
            plugin.name === "limit-conn" ? { ...plugin, config: { ...plugin.config, conn: 1 } } : plugin,
        );
        await objects.replaceNamespacedCustomObject({ ...place, body: { ...live, spec: { ...live.spec, plugins } } });
        await kubeConfig.makeApiClient(CoreV1Api).deleteNamespacedSecret({ namespace: stack.name, name: "bob.b1" });
        const { code, stdout } = await stack.ops("stack", "drift");
        assert.equal(code, 1, stdout);
        assert.match(stdout, /credential-revoked {2}Credential bob\/b1 stops working/);
        assert.match(stdout, /limit-lowered {2}Caller alice has less: 2 open at the same time becomes 1/);
        for (const secret of secrets) assert.ok(!stdout.includes(secret));
        // Who wrote last holds the field, and nobody takes it without being told to.
        assert.match(failed(await stack.up("--refresh")), /conflict with .*\.spec\.plugins/s);
        const env = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };
        succeeded(await stack.run(["up", "--yes", "--skip-preview", "--refresh"], { env }));
        assert.equal((await stack.ops("stack", "drift")).code, 0);
    });
});
