// Proves that the commands review and drift understand the output of the real engine, Kubernetes provider and API
// server. Also proves that the recordings in test/unit/ops/stack/review/recorded.test.ts still equal what the engine plans.
// Unit tests use these recordings. Rampart and the gateway are emulators.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppsV1Api, CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import type { Finding } from "../../../ops/stack/review/finding";
import { codes, findingsOf } from "../../findings";
import { alice, CHANGES, consumers, MUCH, STACK } from "../../recorded/intra-a";
import { read } from "../../recorded/recording";
import { current, eventually, failed, succeeded, TestStack, useWorld } from "../kit";

describe("review on the engine", () => {
    useWorld();
    let stack: TestStack;
    let secrets: string[];

    before(async () => {
        stack = await TestStack.create(STACK, { consumers });
        succeeded(await stack.up());
        const { credentials, jwtSecrets } = await stack.outputs();
        secrets = [...Object.values(credentials), ...Object.values(jwtSecrets)];
    });
    after(async () => {
        stack.configure({ consumers });
        await stack.destroy();
    });

    const become = (what?: string) => stack.configure({ consumers, ...(what && CHANGES[what]()) });
    const told = (text: string) =>
        (JSON.parse(text).findings as Finding[]).map(({ severity, code, says }) => [severity, code, says]);

    it("as a command exits with 0 when nothing changes, also with --fail-on", async () => {
        become();
        const run = await stack.ops("stack", "review", "--format", "json", "--fail-on", "risk");
        assert.equal(run.code, 0, run.stderr + run.stdout);
        assert.deepEqual(told(run.stdout), []);
    });

    it("as a command exits with 3 for a change that breaks callers", async () => {
        become(MUCH);
        const run = await stack.ops("stack", "review", "--format", "json");
        assert.equal(run.code, 3, run.stderr);
        assert.deepEqual(codes(JSON.parse(run.stdout).findings), codes(findingsOf(read("intra-a"), MUCH)));
        for (const secret of secrets) assert.ok(!`${run.stdout}${run.stderr}`.includes(secret));
    });

    it("plans exactly the recorded steps for the recorded resources", async () => {
        const previews = read("intra-a");
        const plan = join(current().dir, "plan.json");
        succeeded(await stack.preview("--save-plan", plan));
        const { resourcePlans } = JSON.parse(readFileSync(plan, "utf8")) as {
            resourcePlans: Record<string, { steps: string[] }>;
        };
        // A plan includes default providers; a preview does not.
        const planned = Object.entries(resourcePlans).filter(([urn]) => !/::pulumi:providers:[^:]+::default/.test(urn));
        // A plan also includes the two halves of a replacement.
        const half = /^(create-replacement|delete-replaced)$/;
        const engine = planned.flatMap(([urn, { steps }]) =>
            steps.filter((op) => !half.test(op)).map((op) => `${op} ${urn}`),
        );
        const recorded = previews[MUCH].steps.map(({ op, urn }) => `${op} ${urn}`);
        const renew = "the recordings are of another program: npm run record";
        assert.deepEqual(engine.filter((step) => !step.startsWith("same ")).sort(), recorded.sort(), renew);
    });

    it("prune-expired stops when the run would change anything else", async () => {
        const [a1, a2] = alice.credentials;
        stack.configure({ consumers: [{ ...alice, credentials: [a1, { ...a2, expires: "2020-01-31" }] }] });
        const run = await stack.ops("consumer", "prune-expired", "--yes");
        assert.match(failed(run), /are about other changes: caller-removed/);
        assert.match(run.stdout, /credential-revoked {2}Credential alice\/a2 stops working/);
    });

    it("drift names manual changes in the cluster, and the command that it and list name reverts them", async () => {
        become();
        const { kubeConfig } = current().world;
        const objects = kubeConfig.makeApiClient(CustomObjectsApi);
        const place = {
            group: "apisix.apache.org",
            version: "v1alpha1",
            namespace: stack.name,
            plural: "consumers",
            name: alice.name,
        };
        const live = await objects.getNamespacedCustomObject(place);
        const plugins = live.spec.plugins.map((plugin: any) =>
            plugin.name === "limit-conn" ? { ...plugin, config: { ...plugin.config, conn: 1 } } : plugin,
        );
        await objects.replaceNamespacedCustomObject({ ...place, body: { ...live, spec: { ...live.spec, plugins } } });
        await kubeConfig.makeApiClient(CoreV1Api).deleteNamespacedSecret({ namespace: stack.name, name: "bob.b1" });
        const { code, stdout } = await stack.ops("stack", "drift");
        assert.equal(code, 3, stdout);
        assert.match(stdout, /changed-outside {2}Secret bob\.b1-secret was deleted/);
        assert.match(stdout, /changed-outside {2}Consumer alice-consumer was changed: [^]*\.conn: 2 -> 1/);
        for (const secret of secrets) assert.ok(!stdout.includes(secret));
        const list = await stack.ops("consumer", "list", "--check");
        const advice = `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh -s ${stack.name}\n`;
        for (const said of [stdout, list.stderr]) assert.ok(said.includes(`un: ${advice}`), said);
        // The client that last changed the field owns it, so Pulumi overwrites the field only with force.
        assert.match(failed(await stack.up("--refresh")), /conflict with .*\.spec\.plugins/s);
        const env = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };
        succeeded(await stack.run(["up", "--yes", "--refresh"], { env }));
        const nothing = await stack.ops("stack", "drift", "--format", "json");
        assert.equal(nothing.code, 0, nothing.stderr + nothing.stdout);
        assert.deepEqual(told(nothing.stdout), []);
    });

    describe("of resources created in APISIX by hand", () => {
        const gateway = () => `${stack.name}-gateway-apisix`;
        const core = () => current().world.kubeConfig.makeApiClient(CoreV1Api);

        async function admin(method: "PUT" | "DELETE", path: string, body?: object): Promise<number> {
            const namespace = gateway();
            const { data } = await core().readNamespacedSecret({ namespace, name: "apisix-admin-keys" });
            const { items } = await core().listNamespacedPod({ namespace });
            const ports = items.map(({ metadata }) =>
                current().world.workloads.podPort(namespace, metadata!.name!, 9180),
            );
            const answer = await fetch(`http://127.0.0.1:${ports.find((port) => port)}/apisix/admin/${path}`, {
                method,
                headers: { "X-API-KEY": Buffer.from(data!.admin, "base64").toString() },
                body: body && JSON.stringify(body),
            });
            return answer.status;
        }

        it("names a credential of the stack's caller and a consumer that no Kubernetes object has", async () => {
            const before = await stack.ops("stack", "drift");
            assert.equal(before.code, 0, before.stderr + before.stdout);
            const door = `consumers/${stack.name}_${alice.name}/credentials/door`;
            const key = "KEY-by-hand-0123456789abcdef";
            // Without this credential, the ingress controller would delete the consumer. A credential without a name
            // makes every synchronization fail.
            assert.equal(await admin("PUT", door, { plugins: { "key-auth": { key } } }), 201);
            assert.equal(await admin("PUT", "consumers/eve", { username: "eve" }), 201);
            const { code, stdout, stderr } = await stack.ops("stack", "drift");
            assert.equal(code, 3, stdout + stderr);
            assert.match(stdout, /APISIX: consumer eve was not written by the ingress controller/);
            assert.match(
                stdout,
                /APISIX: credential door of consumer \S+ was not written by the ingress controller\. It has/,
            );
            for (const path of [door, "consumers/eve"])
                assert.ok(stdout.includes(`-X DELETE -H @- 'http://127.0.0.1:9180/apisix/admin/${path}'`), path);
            for (const secret of [key, ...secrets]) assert.ok(!(stdout + stderr).includes(secret));
            for (const path of [door, "consumers/eve"]) assert.equal(await admin("DELETE", path), 200);
            // The ingress controller restores the stack's objects at its next synchronization.
            let after = "";
            await eventually(
                () => after,
                async () => {
                    const { code, stdout, stderr } = await stack.ops("stack", "drift");
                    after = stderr + stdout;
                    return code === 0 || undefined;
                },
            );
        });

        it("reports that etcd is empty, and refuses a change until the named command is run", async () => {
            await current().world.workloads.loseEtcd();
            const says = /etcd has lost APISIX's directory keys.*kubectl .* -n \S+ rollout restart deployment\/apisix/;
            const drift = await stack.ops("stack", "drift");
            assert.match(
                drift.stdout,
                /gateway-not-read {2}APISIX of \S+: etcd has lost[^]*-> Run: kubectl .* -n \S+ rollout restart/,
                drift.stderr + drift.stdout,
            );
            // An etcd without its volume has no password. The next `up` sets the password, and the next change fails.
            assert.match(succeeded(await stack.up()).stdout, /had lost its data/);
            const others = consumers.filter(({ name }) => name !== alice.name);
            stack.configure({ consumers: [{ ...alice, limits: { requests: 5, perSeconds: 60 } }, ...others] });
            assert.match(failed(await stack.up()).replace(/\s+/g, " "), says);
            const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
            await current()
                .world.kubeConfig.makeApiClient(AppsV1Api)
                .patchNamespacedDeployment(
                    {
                        namespace: gateway(),
                        name: "apisix",
                        body: { spec: { template: { metadata: { annotations } } } },
                    },
                    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
                );
            let last = "";
            await eventually(
                () => last,
                async () => {
                    last = (await stack.ops("stack", "drift")).stdout;
                    return !last.includes("gateway-not-read") || undefined;
                },
            );
            succeeded(await stack.up());
        });
    });
});
