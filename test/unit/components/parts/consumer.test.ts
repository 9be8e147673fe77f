import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Consumer, renderConsumer, secretName, type ConsumerSettings } from "../../../../components/parts/consumer";
import { comesAfter, inputsOf, one, oneOfKind, record, value } from "../../../kit";

const binding = { ingressClass: "alpa-auth", gateway: "own", gatewayNamespace: "gateway" };
const key = (id: string) => ({ id, method: "key" as const });
const build = (consumer: ConsumerSettings) =>
    new Consumer(consumer.name, {
        consumer,
        namespace: "alpa-auth",
        binding,
        cluster: {},
        readiness: { acceptTimeoutSeconds: 120, settleSeconds: 15 },
    });
const lab: ConsumerSettings = { name: "lab", credentials: [key("2026a"), key("2026b")] };

describe("renderConsumer", () => {
    it("binds the caller to the gateway, in the gateway's namespace", () =>
        assert.deepEqual(renderConsumer(lab, binding).gatewayRef, { name: "own", namespace: "gateway" }));
    it("names every credential, and where its key lies", () =>
        assert.deepEqual(renderConsumer(lab, binding).credentials, [
            { name: "2026a", type: "key-auth", secretRef: { name: "lab.2026a" } },
            { name: "2026b", type: "key-auth", secretRef: { name: "lab.2026b" } },
        ]));

    const limits: [what: string, limits: ConsumerSettings["limits"], plugins: string[] | undefined][] = [
        ["no limits", undefined, undefined],
        ["an empty set of limits", {}, undefined],
        ["requests in a window", { requests: 60, perSeconds: 30 }, ["limit-count"]],
        ["requests at a time", { concurrent: 2 }, ["limit-conn"]],
        ["both", { requests: 60, perSeconds: 30, concurrent: 2 }, ["limit-conn", "limit-count"]],
    ];
    for (const [what, given, plugins] of limits)
        it(`makes plugins of ${what}: ${plugins?.join(" and ") ?? "none"}`, () =>
            assert.deepEqual(
                renderConsumer({ ...lab, limits: given }, binding).plugins?.map((p) => p.name),
                plugins,
            ));

    it("counts each caller apart, and says with 429 what was too much", () => {
        const { plugins } = renderConsumer(
            { ...lab, limits: { requests: 60, perSeconds: 30, concurrent: 2 } },
            binding,
        );
        const [conn, count] = plugins!.map((p) => p.config as any);
        assert.deepEqual([conn.key, conn.conn, conn.burst, conn.rejected_code], ["consumer_name", 2, 0, 429]);
        assert.deepEqual(
            [count.key, count.count, count.time_window, count.rejected_code],
            ["consumer_name", 60, 30, 429],
        );
        assert.match(conn.rejected_msg, /at most 2 requests/);
        assert.match(count.rejected_msg, /at most 60 requests in 30 s/);
    });
});

describe("secretName", () => {
    it("never gives two credentials one name", () => assert.notEqual(secretName("a-b", "c"), secretName("a", "b-c")));
});

describe("Consumer", () => {
    it("generates a key of its own for each credential", async () => {
        const seen = await record(() => build(lab));
        const keys = seen.filter((r) => r.type === "random:index/randomPassword:RandomPassword");
        assert.deepEqual(keys.map((k) => k.name).sort(), ["lab.2026a-key", "lab.2026b-key"]);
        for (const { inputs } of keys) assert.deepEqual(inputs, { length: 40, special: false });
    });

    it("puts nothing but the key into the Secret", async () => {
        const secret = oneOfKind(await record(() => build(lab)), "Secret", "lab.2026a");
        assert.deepEqual(inputsOf(secret, (s) => s).stringData, { key: "generated" });
        assert.equal(secret.inputs.metadata.namespace, "alpa-auth");
    });

    it("keeps the Secret from being copied into sub-namespaces", async () => {
        const secret = oneOfKind(await record(() => build(lab)), "Secret", "lab.2026a");
        assert.equal(secret.inputs.metadata.annotations["propagate.hnc.x-k8s.io/none"], "true");
    });

    it("makes keys, Secrets, then the Consumer, then waits for it", async () => {
        const seen = await record(() => build(lab));
        const consumer = oneOfKind(seen, "Consumer", "lab");
        for (const id of ["2026a", "2026b"]) {
            const secret = oneOfKind(seen, "Secret", `lab.${id}`);
            assert.ok(
                comesAfter(
                    seen,
                    secret,
                    seen.find((r) => r.name === `lab.${id}-key`)!,
                ),
                id,
            );
            assert.ok(comesAfter(seen, consumer, secret), id);
        }
        const waiting = one(seen, "pulumi-nodejs:dynamic/alpa-auth:Awaited");
        assert.ok(comesAfter(seen, waiting, consumer));
        assert.deepEqual(waiting.inputs.until, { kind: "condition", type: "Available" });
        assert.equal(waiting.inputs.generation, 1);
    });

    it("hands out each key by its credential's name", async () => {
        let built: Consumer | undefined;
        await record(() => (built = build(lab)));
        assert.deepEqual(Object.keys(built!.keys), ["2026a", "2026b"]);
        assert.equal(await value(built!.keys["2026a"]), "generated");
    });

    it("revokes exactly one credential when one is removed", async () => {
        const before = await record(() => build(lab));
        const after = await record(() => build({ ...lab, credentials: [key("2026b")] }));
        const names = (seen: typeof before) => seen.map((r) => `${r.type} ${r.name}`);
        const gone = names(before).filter((n) => !names(after).includes(n));
        assert.deepEqual(gone.sort(), [
            "kubernetes:core/v1:Secret lab.2026a-secret",
            "random:index/randomPassword:RandomPassword lab.2026a-key",
        ]);
        const kept = (seen: typeof before) => seen.find((r) => r.name === "lab.2026b-secret");
        assert.deepEqual(kept(after), kept(before));
    });

    it("keeps a caller without credentials known, and out", async () => {
        const seen = await record(() => build({ name: "lab", credentials: [] }));
        assert.deepEqual(oneOfKind(seen, "Consumer").inputs.spec.credentials, []);
    });

    it("keeps the kubeconfig it passes on a secret", async () => {
        const args = {
            consumer: lab,
            namespace: "a",
            binding,
            readiness: { acceptTimeoutSeconds: 1, settleSeconds: 0 },
        };
        const seen = await record(
            () => new Consumer("lab", { ...args, cluster: { kubeconfig: pulumi.secret("s3cret-kubeconfig") } }),
        );
        for (const r of seen) assert.doesNotMatch(JSON.stringify(inputsOf(r)), /s3cret/, `${r.type} ${r.name}`);
        assert.match(JSON.stringify(one(seen, "pulumi-nodejs:dynamic/alpa-auth:Awaited").inputs), /s3cret/);
    });
});
