import { strict as assert } from "node:assert";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { asked, inputsOf, one, oneOfKind, plain, record } from "../../kit";
import { COUNTERS, GATEWAY, recordCallers } from "../kit/callers";
import { interSettings } from "../kit/inter";
import { CONSUMERS, kubernetesObjects, recordStack, settings } from "../kit/intra-a";

describe("stack callers", () => {
    it("creates only the callers' objects, in the namespace of the other stack", async () => {
        const seen = kubernetesObjects(await recordCallers());
        assert.deepEqual(
            seen.map((r) => `${r.inputs.kind} ${r.inputs.metadata.namespace}/${r.inputs.metadata.name}`).sort(),
            [
                "Consumer alpa-auth/lab",
                "Consumer alpa-auth/nlp",
                "Secret alpa-auth/lab.2026a",
                "Secret alpa-auth/lab.2026b",
                "Secret alpa-auth/nlp.2026a",
            ],
        );
    });

    it("creates the same objects as the stack of the gateway would", async () => {
        const theirs = kubernetesObjects(await recordStack("rampart"));
        for (const ours of kubernetesObjects(await recordCallers())) {
            const { kind, metadata } = ours.inputs;
            const twin = theirs.find((r) => r.inputs.kind === kind && r.inputs.metadata.name === metadata.name);
            assert.deepEqual(inputsOf(ours), inputsOf(twin!));
        }
    });

    it("has three resources for each caller with a key", async () => {
        const seen = await recordCallers(GATEWAY, { consumers: [CONSUMERS[1]] });
        assert.equal(seen.filter((r) => r.name.startsWith("nlp")).length, 3);
    });

    it("counts limits like the other stack", async () => {
        const seen = await recordCallers({ ...GATEWAY, counters: COUNTERS });
        const { plugins } = oneOfKind(seen, "Consumer", "lab").inputs.spec;
        for (const { config } of plugins as { config: Record<string, unknown> }[])
            assert.deepEqual([config.policy, config.redis_host], ["redis", COUNTERS.host]);
        assert.equal(plugins.length, 2);
    });

    it("keeps the other stack's outputs out of its state: it has no StackReference", async () => {
        const seen = await recordCallers();
        assert.ok(!seen.some((r) => r.type.includes("StackReference")));
    });

    it("waits for its own callers only", async () => {
        const wait = one(await recordCallers(), "pulumi-nodejs:dynamic/alpa-auth:ConsumersAccepted");
        assert.deepEqual(plain(wait.inputs.generations), { lab: 1, nlp: 1 });
        assert.ok(asked(wait).parent.includes("Consumers"));
    });
});

describe("output gateway of a gateway's stack", () => {
    const of = async (installer: "rampart" | "helm" | "existing", values = {}) => {
        let outputs: ReturnType<typeof intra> | undefined;
        await record(() => (outputs = intra(settings(installer, values))));
        return outputs!.gateway;
    };

    it("has what callers of another stack need, in plain text", async () => {
        assert.deepEqual(await of("rampart"), GATEWAY);
    });

    it("has the shared counters, and the number of pods", async () => {
        const gateway = { replicas: 3, sharedCounters: { whenDown: "refuse" } };
        const { counters, replicas } = await of("rampart", { gateway });
        assert.deepEqual(counters, COUNTERS);
        assert.equal(replicas, 3);
    });

    it("has only the binding for an existing gateway, and not the number of its pods", async () => {
        assert.deepEqual(await of("existing"), {
            namespace: "alpa-auth",
            binding: { ingressClass: "shared", gateway: "shared", gatewayNamespace: "edge" },
            url: "http://10.0.0.9:30900/alpa",
            answerTimeoutSeconds: 600,
        });
    });

    it("is the same with option inter, except for several pods and their common counters", async () => {
        let outputs: ReturnType<typeof inter> | undefined;
        await record(() => (outputs = inter(interSettings("rampart"))));
        const url = "http://llm.example.com:30800/alpa";
        assert.deepEqual(outputs!.gateway, { ...GATEWAY, url, counters: COUNTERS, replicas: 3 });
    });
});
