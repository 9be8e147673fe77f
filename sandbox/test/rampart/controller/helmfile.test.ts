// Proves the order in which releases are installed, and how a failed one is reported.
import assert from "node:assert/strict";
import { HelmError, type HelmRunner, type ReleaseRequest } from "../../../rampart/charts/helm-runner.js";
import { componentValues, helmfileKeys, type Helmfile, type Release } from "../../../rampart/controller/helmfile.js";
import { helmfileOver, planLayers } from "../../../rampart/controller/helmfile-sync.js";
import { parseGraph } from "../../../rampart/graph/parse.js";
import { component, graphOf } from "../kit/memory-cluster.js";

const release = (namespace: string, needs: string[] = []): Release => ({
    ...{ name: "component", namespace, chart: "repo/chart", version: "1.0.0", values: [{}] },
    needs: [...needs.map((need) => `${need}/component`), "edges"],
});
const file = (...releases: Release[]): Helmfile => ({
    repositories: [{ name: "repo", url: "https://charts.example.com" }],
    releases,
    helmDefaults: { recreatePods: false, wait: true, timeout: 600 },
});
const never = new AbortController().signal;

function runner(failing: string[]): HelmRunner & { installed: ReleaseRequest[] } {
    const installed: ReleaseRequest[] = [];
    return {
        installed,
        repoCheck: async () => {},
        showChart: async () => "",
        uninstall: async () => {},
        upgradeInstall: async (request) => {
            if (failing.includes(request.namespace))
                throw new HelmError(1, "", "Error: timed out\n", ["helm", "upgrade"]);
            installed.push(request);
        },
    };
}

describe("helmfile sync", () => {
    it("installs needed releases first", async () => {
        const helm = runner([]);
        const result = await helmfileOver(helm)(
            file(release("c", ["b"]), release("b", ["a"]), release("a")),
            "/x",
            never,
        );
        assert.equal(result.code, 0);
        assert.deepEqual(
            helm.installed.map((request) => request.namespace),
            ["a", "b", "c"],
        );
        assert.deepEqual(helm.installed[0]?.chart, { repo: "repo", name: "chart", version: "1.0.0" });
    });

    it("does not start a release that needs a failed release, and ends with helm's own message", async () => {
        const helm = runner(["a"]);
        const result = await helmfileOver(helm)(file(release("b", ["a"]), release("a")), "/w/g_helmfile.yaml", never);
        assert.equal(result.code, 1);
        assert.deepEqual(helm.installed, []);
        assert.match(
            result.stderr,
            /^in \.\/g_helmfile\.yaml: failed processing release component: command "helm" exited/,
        );
        assert.match(result.stderr, /STDERR:\n {2}Error: timed out\n/);
    });

    it("does not find a needed component in a namespace of its own", () => {
        const plan = planLayers([release("default-g-svc", ["default-g-op"]), release("ray-system")]);
        assert.match(String(plan), /depend\(s\) on an undefined release "default-g-op\/component"/);
    });

    it("rejects a cycle", () => {
        assert.match(String(planLayers([release("a", ["b"]), release("b", ["a"])])), /^cycle detected/);
        assert.match(String(planLayers([release("a", ["a"])])), /^cycle detected/);
    });
});

describe("keys of a repo's Secret in the helmfile", () => {
    it("are camelCase as from Python's title(), without forceUpdate", () => {
        const options = { "pass-credentials": "true", "ca-CertFile": "/c", "a--b2c": "x", "force-update": "true" };
        assert.deepEqual(helmfileKeys(options), { passCredentials: "true", caCertfile: "/c", aB2C: "x" });
    });
});

describe("values of a component", () => {
    it("override keys of the config with Rampart's, and keep the other keys", () => {
        const config = { image: "i", rampart: { registry: "mine", own: 1 }, global: "text" };
        const graph = parseGraph(
            graphOf("g", { svc: component({ config }) }).spec,
            { namespace: "ns", name: "g" },
            { namespaces: [], graphs: [] },
        );
        const injected = {
            inputs: {},
            outputs: {},
            graphName: "g",
            namespace: "ns",
            registry: "r",
            URLPrefix: "/ns/g/svc",
        };
        assert.deepEqual(componentValues(graph, graph.components[0] as never, "r"), {
            image: "i",
            rampart: { ...injected, own: 1 },
            global: { rampart: injected },
        });
    });
});
