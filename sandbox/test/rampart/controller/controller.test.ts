// Proves the pitfalls of Rampart's controller that affect the product, on a cluster in memory and in virtual time.
import assert from "node:assert/strict";
import { component, graphOf } from "../kit/memory-cluster.js";
import { change, create, remove, setDeploy, specOf } from "../kit/actions.js";
import { World } from "../kit/world.js";

const ref = (name: string) => ({ namespace: "default", name });
const one = (name: string, config = {}) => graphOf(name, { svc: component({ config }) });

describe("Rampart controller", () => {
    let world: World;
    beforeEach(() => (world = new World()));
    afterEach(() => world.close());

    it("shows no status, then the finalizer, then Deploying without an observedGeneration, then Deployed", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        const states = world.cluster.statesOf("g");
        assert.deepEqual(
            states.map((s) => [s.finalizers.length, s.status?.phase, s.status?.observedGeneration]),
            [
                [0, undefined, undefined],
                [1, undefined, undefined],
                [1, "Deploying", undefined],
                [1, "Deployed", 1],
            ],
        );
        assert.deepEqual(states.at(-1)?.status?.componentNamespaces, ["default-g-svc"]);
        assert.equal(states.at(-1)?.status?.endpointPaths, "{}");
        assert.equal(world.cluster.namespaces.get("default-g-svc")?.labels["controlled-by-rampart"], "true");
    });

    it("deploys an empty graph without calling helm", async () => {
        create(graphOf("g", {}))(world);
        await world.reaches("g", "Deployed");
        assert.deepEqual(world.helm.helmfiles, []);
    });

    it("replaces the finalizers of other owners", async () => {
        const graph = one("g");
        graph.metadata.finalizers = ["example.com/mine"];
        create(graph)(world);
        await world.reaches("g", "Deployed");
        assert.deepEqual(world.cluster.last("g")?.finalizers, ["rampart.petuum.com/graph"]);
    });

    it("keeps the old observedGeneration while it deploys the new generation", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed", 1);
        change("g", { config: { a: 1 } })(world);
        await world.reaches("g", "Deploying");
        assert.equal(world.cluster.last("g")?.generation, 2);
        assert.equal(world.cluster.last("g")?.status?.observedGeneration, 1);
        await world.reaches("g", "Deployed", 2);
    });

    it("never retries a failed generation, until $ui changes", async () => {
        create(one("g", { stubFail: true }))(world);
        await world.reaches("g", "Failed", 1);
        await world.clock.run(600);
        assert.equal(world.helm.helmfiles.length, 1);
        change("g", { $ui: { retry: "2" } })(world);
        await world.reaches("g", "Failed", 2);
        assert.equal(world.helm.helmfiles.length, 2);
    });

    it("keeps reason and messages of a failure after a success", async () => {
        create(one("g", { stubFail: true }))(world);
        await world.reaches("g", "Failed");
        change("g", { config: {} })(world);
        await world.reaches("g", "Deployed");
        assert.equal(world.cluster.last("g")?.status?.reason, "GraphDeploymentError");
        assert.match(world.cluster.last("g")?.status?.messages ?? "", /error code 1/);
    });

    it("quotes its environment before the error code, and helm's output after stderr", async () => {
        create(one("g", { stubFail: true }))(world);
        await world.reaches("g", "Failed");
        const messages = world.cluster.last("g")?.status?.messages ?? "";
        const [before, after] = messages.split("error code 1") as [string, string];
        assert.match(before, /'RAMPART_REGISTRY_PASSWORD': 'sandbox-canary-never-print-this'/);
        assert.match(before, /'RAMPART_svc_namespace': 'default-g-svc'/);
        assert.match(after, /\nstderr:\nin helmfile: failed processing release component/);
        assert.doesNotMatch(after, /canary/);
    });

    it("does nothing when only labels change", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        const seen = world.cluster.statesOf("g").length;
        world.cluster.update(ref("g"), (graph) => (graph.metadata.labels = { a: "b" }));
        await world.clock.run(130);
        assert.equal(world.cluster.statesOf("g").length, seen + 1);
    });

    it("fails validation without a finalizer and without Deploying", async () => {
        create(graphOf("g", { svc: component({ chart: { repo: "no-such-secret", name: "x" } }) }))(world);
        await world.reaches("g", "Failed");
        assert.equal(world.cluster.statesOf("g").length, 2);
        assert.deepEqual(world.cluster.last("g")?.finalizers, []);
        assert.match(
            world.cluster.last("g")?.status?.messages ?? "",
            /Secret no-such-secret not found in namespaces default or rampart-system\n\n$/,
        );
    });

    it("also finds a repo Secret in its own namespace, and names the repo after both", async () => {
        world.cluster.secrets.set("rampart-system/my-repo", { url: "https://charts.example.com/", password: "p\n" });
        create(graphOf("g", { svc: component({ chart: { repo: "my-repo", name: "x" } }) }))(world);
        await world.reaches("g", "Deployed");
        const name = "f802083998f8038353a0fde10f9aa9c14f53c1c5_full-secret_my_repo";
        const expected = { name, url: "https://charts.example.com", password: "p" };
        assert.deepEqual(world.helm.helmfiles[0]?.repositories, [expected]);
    });

    it("reads a chart with a version only once while a graph uses its repo, and a chart without a version each time", async () => {
        const newest = component({ chart: { repo: "https://charts.example.com", name: "x" } });
        create(graphOf("g", { svc: component(), other: newest }))(world);
        await world.reaches("g", "Deployed", 1);
        change("g", { $ui: 1 })(world);
        await world.reaches("g", "Deployed", 2);
        const [fixed, latest] = ["generic-service 0.4.1", "x undefined"];
        assert.deepEqual(world.helm.shown.sort(), [fixed, latest, latest]);
        remove("g")(world);
        await world.isGone("g");
        create(one("again"))(world);
        await world.reaches("again", "Deployed");
        assert.equal(world.helm.shown.filter((chart) => chart === fixed).length, 2, "removed with the graph");
    });

    it("fails with only the name of a key when ingressNeeded is set without auxConfig", async () => {
        world.cluster.secrets.set("default/rampart-repo", { url: "https://charts.example.com/rampart" });
        create(graphOf("g", { svc: component({ ingressNeeded: true }) }))(world);
        await world.reaches("g", "Failed");
        const { reason, messages } = world.cluster.last("g")?.status ?? {};
        assert.equal(reason, "GraphDeploymentError");
        assert.equal(messages, "The following errors occured during deployment:\n'auxConfig'\n\n");
    });

    it("requires the infrastructure that a chart requests", async () => {
        const chart = { repo: "https://charts.example.com", name: "requires-ray" };
        create(graphOf("g", { svc: component({ chart }) }))(world);
        await world.reaches("g", "Failed");
        assert.match(
            world.cluster.last("g")?.status?.messages ?? "",
            /requires infrastructure \['ray'\] to be installed/,
        );
        create(graphOf("ray", { op: component({ chart: { ...chart, name: "provides-ray" } }) }))(world);
        await world.reaches("ray", "Deployed");
        change("g", { $ui: 1 })(world);
        await world.reaches("g", "Deployed", 2);
    });

    it("takes up to a watch cycle longer to delete than the work takes, and uninstalls twice", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        await world.clock.run(5);
        const start = world.clock.now();
        remove("g")(world);
        await world.reaches("g", "Deleting");
        await world.clock.run(20);
        assert.equal(world.cluster.last("g")?.event, "MODIFIED");
        await world.isGone("g");
        assert.ok(world.clock.now() - start <= 61);
        const uninstalls = world.commands.filter((command) => command.startsWith("helm uninstall"));
        assert.deepEqual(uninstalls, Array(2).fill("helm uninstall -n default-g-svc component --wait"));
    });

    it("keeps a graph with deploy: false, with the names of its namespaces, and deletes these namespaces", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        setDeploy("g", false)(world);
        await world.reaches("g", "Undeployed", 2);
        assert.ok(world.cluster.statesOf("g").some((state) => state.status?.phase === "Undeploying"));
        assert.deepEqual(world.cluster.last("g")?.status?.componentNamespaces, ["default-g-svc"]);
        await world.clock.run(10);
        assert.equal(world.cluster.namespaces.has("default-g-svc"), false);
        setDeploy("g", true)(world);
        await world.reaches("g", "Deployed", 3);
    });

    it("uninstalls a removed component after the other components are deployed, and not when their deployment fails", async () => {
        create(graphOf("g", { svc: component(), old: component() }))(world);
        await world.reaches("g", "Deployed", 1);
        const drop = (config: object) =>
            world.cluster.update(ref("g"), (graph) => {
                const { components } = specOf(graph).graph;
                delete components["old"];
                components["svc"] = component({ config: config as never });
            });
        drop({ stubFail: true });
        await world.reaches("g", "Failed", 2);
        await world.clock.run(10);
        assert.equal(world.cluster.namespaces.has("default-g-old"), true);
        drop({});
        await world.reaches("g", "Deployed", 3);
        await world.clock.run(10);
        assert.equal(world.cluster.namespaces.has("default-g-old"), false);
        assert.deepEqual(world.cluster.last("g")?.status?.componentNamespaces, ["default-g-svc"]);
    });

    it("uninstalls everything of a graph that is changed while it deploys", async () => {
        create(graphOf("g", { svc: component(), keep: component() }))(world);
        await world.reaches("g", "Deployed", 1);
        change("g", { config: { stubSeconds: 60 } })(world);
        await world.reaches("g", "Deploying");
        await world.clock.run(5);
        const before = world.commands.length;
        change("g", { config: {} })(world);
        await world.clock.run(0.2);
        assert.deepEqual(world.commands.slice(before), [
            "helm uninstall -n default-g-keep component --wait",
            "helm uninstall -n default-g-svc component --wait",
        ]);
        assert.notEqual(world.cluster.anchors.get("default-g-keep")?.metadata.deletionTimestamp, undefined);
    });

    it("waits forever for a namespace that cannot be created, and still lets the graph be deleted", async () => {
        const real = world.cluster.createAnchor.bind(world.cluster);
        world.cluster.createAnchor = async (parent, name) => {
            if (name.length <= 63) await real(parent, name);
        };
        const name = "a-graph-with-a-name-that-is-long";
        create(graphOf(name, { "component-that-makes-it-too-long": component() }))(world);
        await world.reaches(name, "Deploying");
        await world.clock.run(7200);
        assert.deepEqual(world.cluster.last(name)?.status, { phase: "Deploying" });
        remove(name)(world);
        await world.isGone(name);
    });

    it("deploys the same generation again after it was killed in the middle", async () => {
        create(one("g", { stubSeconds: 60 }))(world);
        await world.reaches("g", "Deploying");
        await world.clock.run(5);
        await world.close();
        assert.deepEqual(
            world.commands.filter((command) => command.includes("uninstall")),
            [],
        );
        world.start();
        await world.reaches("g", "Deployed", 1);
        assert.equal(world.helm.helmfiles.length, 2);
    });

    it("exits on an object on which the webhook would have crashed, and again after every start", async () => {
        world.cluster.webhookOn = false;
        create(graphOf("g", { svc: component({ chart: "x" }) }))(world);
        await world.clock.until("exited", () => world.crash !== undefined);
        assert.match(world.crash?.message ?? "", /string indices must be integers/);
        world.start();
        await world.clock.until("exited", () => world.crash !== undefined);
        assert.equal(world.cluster.last("g")?.status, null);
    });

    it("exits on the deletion of a graph whose stored spec has become invalid, and the graph stays", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        world.cluster.webhookOn = false;
        setDeploy("g", "no" as never)(world);
        remove("g")(world);
        await world.clock.until("exited", () => world.crash !== undefined);
        assert.equal(world.cluster.last("g")?.event, "MODIFIED");
    });

    it("waits 60 s for the deletion of an old namespace, then fails", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed", 1);
        world.cluster.stuck.add("default-g-svc");
        setDeploy("g", false)(world);
        await world.reaches("g", "Undeployed", 2);
        await world.clock.run(2);
        setDeploy("g", true)(world);
        await world.clock.run(55);
        assert.equal(world.cluster.last("g")?.status?.phase, "Deploying");
        await world.reaches("g", "Failed", 3);
        assert.match(
            world.cluster.last("g")?.status?.messages ?? "",
            /\nTimed out waiting for namespace default-g-svc to terminate\.\n\n$/,
        );
    });

    it("rejects flows with an error", async () => {
        const graph = one("g");
        (graph.spec as never as { graph: { flows: object } }).graph.flows = {
            d: { type: "volume", config: { size: "1Gi" } },
        };
        create(graph)(world);
        await world.reaches("g", "Failed");
        assert.match(world.cluster.last("g")?.status?.messages ?? "", /flows are unsupported by the sandbox \(got d\)/);
    });

    it("does not deploy a re-created graph while its old namespace is Terminating", async () => {
        create(one("g"))(world);
        await world.reaches("g", "Deployed");
        world.cluster.stuck.add("default-g-svc");
        remove("g")(world);
        await world.isGone("g");
        assert.equal(world.cluster.namespaces.get("default-g-svc")?.terminating, true);
        assert.match(create(one("g"))(world).message ?? "", /Namespace default-g-svc already exists\.$/);
    });
});
