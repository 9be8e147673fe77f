// Proves on the real engine and API server that the stack deploys, and that a second run changes nothing. A change
// affects only the resources that it names; recorded previews have each kind of change alone. Destroy leaves nothing. The
// gateway and Rampart are emulators, so this does not prove how the real ones behave.
import { strict as assert } from "node:assert";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { fakeApi } from "../../unit/kit/fake-api";
import { call, current, eventually, failed, succeeded, takeAlpaRequests, TestStack, useWorld } from "../kit";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", credentials: [key("2026a")] };
const bob = { name: "bob", credentials: [key("k1"), key("k2")] };
const carol = { name: "carol", credentials: [key("only")] };
const dave = { name: "dave", credentials: [key("k1"), key("k2")] };

interface Step {
    op: string;
    urn: string;
    newState?: { type: string };
}

describe("intra-a on the engine", () => {
    useWorld();
    let stack: TestStack;
    let url: string;
    let keys: Record<string, string>;

    before(async () => {
        stack = await TestStack.create("life", { consumers: [alice, bob, carol] });
        succeeded(await stack.up());
        ({ url, credentials: keys } = await stack.outputs());
    });
    const status = async (who: string) => (await call(url, { key: keys[who] })).status;

    /** Name and operation of every step of `up`, from its output about objects. */
    async function changed(): Promise<string[]> {
        // Otherwise Pulumi may print its progress dots in the same line, before a step.
        const { stdout } = succeeded(await stack.up("--suppress-progress"));
        const all = [
            ...stdout.matchAll(/^ [-+~ ]+ (?!alpa-auth:)\S+:\S+ (\S+) (create|update|delete|replace)d\b/gm),
        ].map(([, name, op]) => `${op} ${name}`);
        // For a replaced resource, Pulumi also prints its creation and its deletion.
        const half = (step: string) => all.includes(`replace ${step.split(" ")[1]}`) && !step.startsWith("replace ");
        return all.filter((step) => !half(step)).sort();
    }

    it("answers a completion with the key, at the documented form of address", async () => {
        assert.equal(url, `http://127.0.0.1:${stack.nodePort}/alpa`);
        const answer = await call(url, { key: keys["alice/2026a"] });
        assert.equal(answer.status, 200);
        assert.equal(JSON.parse(answer.body).object, "text_completion");
    });

    it("rejects a missing and a wrong key with an Alpa-shaped 401, before Alpa", async () => {
        takeAlpaRequests();
        for (const wrong of [undefined, "", "nonsense"]) {
            const answer = await call(url, { key: wrong });
            assert.equal(answer.status, 401);
            assert.equal(answer.headers.get("content-type"), "application/json");
            const { type, stacktrace } = JSON.parse(answer.body);
            assert.deepEqual({ type, stacktrace }, { type: "error", stacktrace: "" });
        }
        assert.deepEqual(takeAlpaRequests(), []);
    });

    it("changes nothing in a second run, and nothing after a refresh", async () => {
        succeeded(await stack.preview("--expect-no-changes"));
        const again = succeeded(await stack.up("--refresh"));
        assert.match(again.stdout, /\d+ unchanged/);
        assert.doesNotMatch(again.stdout, /\d+ (created|updated|deleted|replaced)/);
    });

    it("adds and removes a consumer, revokes one credential and changes a limit and a timeout in one run, at once and nothing else", async () => {
        const { facts } = current().world;
        stack.configure({
            consumers: [
                { ...alice, limits: { requests: 2, perSeconds: 600 } },
                { ...bob, credentials: [key("k2")] },
                dave,
            ],
            alpa: { endpoints: [facts.alpa], answerTimeoutSeconds: 900 },
        });
        let refused: number | undefined;
        const watch = eventually("a 401 for the removed key", async () => {
            if ((await status("bob/k1")) !== 401) return undefined;
            refused = Date.now();
            return true;
        });
        const updated = eventually("the Consumer changed", async () => {
            const { world } = current();
            const object = (await world.read("apisix.apache.org/v1alpha1", "Consumer", stack.name, "bob")) as {
                spec: { credentials: unknown[] };
            };
            return object.spec.credentials.length === 1 ? Date.now() : undefined;
        });
        const [done, , since] = await Promise.all([changed(), watch, updated]);
        assert.deepEqual(
            done,
            [
                ...["create dave-consumer", "create dave.k1-key", "create dave.k1-secret"],
                ...["create dave.k2-key", "create dave.k2-secret"],
                ...["delete bob.k1-key", "delete bob.k1-secret", "update bob-consumer"],
                ...["delete carol-consumer", "delete carol.only-key", "delete carol.only-secret"],
                "update alice-consumer",
                ...["update alpa-route-completions", "update alpa-route-logprobs", "update alpa-route-rules"],
                // Two resources without objects in the cluster: they wait until credentials are accepted or revoked.
                ...["replace alpa-consumers-revoked", "update alpa-served"],
            ].sort(),
        );
        const milliseconds = refused! - since;
        console.log(`      the removed key was rejected ${milliseconds} ms after the Consumer had changed`);
        // Within a minute only the watch can have reported the change, because the next list is five minutes later.
        assert.ok(milliseconds < 60_000);
        const { credentials } = await stack.outputs();
        assert.deepEqual([credentials["alice/2026a"], credentials["bob/k2"]], [keys["alice/2026a"], keys["bob/k2"]]);
        // The run waited until the gateway rejected the keys.
        for (const revoked of ["bob/k1", "carol/only"]) assert.equal(await status(revoked), 401, revoked);
        keys = credentials;
        for (const who of ["bob/k2", "dave/k1", "dave/k2"]) assert.equal(await status(who), 200, who);
        const statuses = [];
        for (let i = 0; i < 3; i++) statuses.push(await status("alice/2026a"));
        assert.deepEqual(statuses, [200, 200, 429]);
    });

    it("shows no secret in its outputs without --show-secrets", async () => {
        const shown = await stack.must(["stack", "output"]);
        assert.match(shown, /credentials\s+\[secret\]/);
        assert.match(shown, /curl\s+\[secret\]/);
        assert.ok(!shown.includes(keys["alice/2026a"]));
    });

    /** A kubeconfig of another cluster, which answers only who it is, and what it was asked. */
    async function another() {
        const name = "kube-system";
        const api = await fakeApi((path) =>
            path.endsWith(`/namespaces/${name}`)
                ? { kind: "Namespace", metadata: { name, uid: "of-another-cluster" } }
                : undefined,
        );
        const file = join(mkdtempSync(join(tmpdir(), "another-")), "kubeconfig");
        writeFileSync(file, api.kubeconfig);
        return { env: { KUBECONFIG: file }, asked: api.asked };
    }

    it("rejects a kubeconfig of another cluster before anything else, and names both", async () => {
        const { env, asked } = await another();
        const identity = JSON.parse(await stack.must(["stack", "output", "identity", "--json"]));
        const before = await stack.must(["stack", "export"]);
        const said = failed(await stack.run(["preview"], { env }));
        assert.match(said, /cluster: http:\S+ \(of-another-cluster\) is not the one of this stack, https:\S+ \(/);
        assert.ok(said.includes(identity.cluster.id));
        assert.deepEqual([...new Set(asked)], ["/api/v1/namespaces/kube-system"]);
        failed(await stack.run(["up", "--yes", "--target", "**::alice-consumer"], { env }));
        assert.equal(await stack.must(["stack", "export"]), before);
        assert.deepEqual([...new Set(asked)], ["/api/v1/namespaces/kube-system"]);
    });

    it("accepts another login of its cluster: nothing in the cluster changes", async () => {
        const { world } = current();
        const login = world.kubeConfig.exportConfig().replaceAll('"sandbox"', '"another-login"');
        const file = join(mkdtempSync(join(tmpdir(), "login-")), "kubeconfig");
        writeFileSync(file, login);
        const { stdout } = succeeded(await stack.run(["preview", "--json"], { env: { KUBECONFIG: file } }));
        const { steps } = JSON.parse(stdout) as { steps: Step[] };
        const others = steps.filter(({ op, newState }) => op !== "same" && newState?.type.startsWith("kubernetes:"));
        assert.deepEqual(others, []);
        assert.deepEqual(
            steps.filter(({ op }) => op !== "same" && op !== "update"),
            [],
        );
        assert.ok(
            steps.some(({ op, urn }) => op === "update" && urn.includes("pulumi:providers:kubernetes")),
            "the login is another one",
        );
    });

    it("keeps the network policies until the graph is deleted, and leaves nothing behind on destroy, also with a kubeconfig of another cluster", async () => {
        const { world } = current();
        const { env, asked } = await another();
        const destroyed = stack.run(["destroy", "--yes", "--skip-preview"], { env });
        await eventually("the graph being deleted", async () => {
            const policy = await world.read(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                `${stack.name}-gateway-apisix`,
                "alpa-auth-closed",
            );
            const graph = await world.read("rampart.petuum.com/v1beta2", "RampartGraph", stack.name, "gateway");
            if (!graph || (graph.metadata as { deletionTimestamp?: string }).deletionTimestamp) return true;
            assert.ok(policy, "pods run without a policy");
            return undefined;
        });
        succeeded(await destroyed);
        assert.deepEqual(asked, []);
        const namespaces = await world.kubeConfig.makeApiClient(CoreV1Api).listNamespace();
        const ours = namespaces.items.map((n) => n.metadata!.name!).filter((name) => name.startsWith(stack.name));
        assert.deepEqual(ours, []);
        for (const [version, kind] of [
            ["networking.k8s.io/v1", "IngressClass"],
            ["gateway.networking.k8s.io/v1", "GatewayClass"],
        ])
            assert.equal(await world.read(version, kind, undefined, stack.name), undefined);
        assert.deepEqual(await stack.resources(), []);
    });
});
