// Proves the messages of the emulator's webhook.
import assert from "node:assert/strict";
import { helmRepoName } from "../../../rampart/graph/chart.js";
import { type JsonObject } from "../../../rampart/types.js";
import { validateGraph, type World } from "../../../rampart/graph/validator.js";
import { component, graphOf } from "../kit/memory-cluster.js";

const empty: World = { namespaces: ["default"], graphs: [] };
const svc = (more: JsonObject) => graphOf("g", { svc: component(more) });
const withFlows = (flows: JsonObject, more: JsonObject) => {
    const graph = svc(more);
    (graph.spec as { graph: JsonObject }).graph["flows"] = flows;
    return graph;
};
const data = { data: { type: "volume", config: { size: "1Gi" } } };
const volume = (flow: string, mountPath?: string) => ({
    type: "volume",
    flow,
    ...(mountPath ? { config: { mountPath } } : {}),
});
const chart = (more: JsonObject) => ({ chart: { repo: "https://charts.example.com", name: "x", ...more } });

describe("Rampart webhook", () => {
    const allowed: [what: string, graph: ReturnType<typeof graphOf>][] = [
        ["empty maps", graphOf("g", {})],
        ["a name of one character", graphOf("a", { a: component() })],
        ["a component that needs itself", svc({ needs: ["svc"] })],
        ["ingressNeeded without auxConfig", svc({ ingressNeeded: true })],
        ["a version that contains latest", svc(chart({ version: "not-the-latest" }))],
        ["a repo without a scheme, as the name of a Secret", svc(chart({ repo: "charts.example.com/x" }))],
        ["chart.secret together with a Secret as repo", svc(chart({ repo: "my-repo", secret: "creds" }))],
        ["a name with a trailing line break", graphOf("g", { "a\n": component() })],
    ];
    const dvc = (storageRemote: string) =>
        withFlows({ code: { type: "repository", config: { kind: "dvc", size: "1Gi", storageRemote } } }, {});
    allowed.push(["a storage remote with spaces before its scheme", dvc("  S3://bucket")]);
    for (const [what, graph] of allowed) {
        it(`accepts ${what}`, () => assert.deepEqual(validateGraph(graph, empty), { allowed: true }));
    }

    const refused: [what: string, graph: ReturnType<typeof graphOf>, message: RegExp][] = [
        ["a version with a leading v", svc(chart({ version: "v1.0.0" })), /^'v1\.0\.0' is not valid under any/],
        ["a version of two parts", svc(chart({ version: "1.0" })), /\nOn instance\['graph'\]\['components'\]\['svc'\]/],
        [
            "an unknown field of a component",
            svc({ replicas: 1 }),
            /^Additional properties are not allowed \('replicas' was/,
        ],
        ["a config of null", svc({ config: null }), /^None is not of type 'object'/],
        ["an empty namespace", svc({ namespace: "" }), /^'' does not match/],
        [
            "a type that matches two schemas",
            withFlows(data, { inputs: { in: { type: "volumepulsar", flow: "data" } } }),
            /is valid under each of \{'\$ref': '#\/\$defs\/pulsarIO'\}, \{'\$ref': '#\/\$defs\/volumeIO'\}\n/,
        ],
        [
            "an unknown need after a known one",
            graphOf("g", { a: component({ needs: ["b", "ghost"] }), b: component() }),
            /^Component ghost needed by a does not exist\.$/,
        ],
        [
            "a flow that does not exist",
            svc({ inputs: { in: volume("ghost") } }),
            /^Input in with type VOLUME uses flow ghost which does not exist$/,
        ],
        [
            "mount paths of which one contains the other",
            withFlows(data, { inputs: { a: volume("data", "/data"), b: volume("data", "/data/x") } }),
            /^Volume input and output paths cannot be prefixes of another: \['\/data', '\/data\/x'\]$/,
        ],
        ["a name of rampart-flows", graphOf("g", { "rampart-flows": component() }), /^'rampart-flows' is not allowed/],
    ];
    for (const [what, graph, message] of refused) {
        it(`rejects ${what}`, () => {
            const verdict = validateGraph(graph, empty);
            assert.ok("message" in verdict, JSON.stringify(verdict));
            assert.match(verdict.message, message);
        });
    }

    it("shows the broken rule and its place, three lines for each violation", () => {
        const graph = svc({});
        (graph.spec as { graph: JsonObject }).graph = { components: { svc: { config: {}, inputs: {}, outputs: {} } } };
        const verdict = validateGraph(graph, empty);
        assert.ok("message" in verdict);
        assert.deepEqual(verdict.message.split("\n"), [
            "'chart' is a required property",
            "Failed validating 'required' in schema:",
            "On instance['graph']['components']['svc']:",
            "'flows' is a required property",
            "Failed validating 'required' in schema:",
            "On instance['graph']:",
        ]);
    });

    const crashing: [what: string, graph: ReturnType<typeof graphOf>, exception: string][] = [
        ["no spec", { ...svc({}), spec: undefined as never }, "KeyError: 'spec'"],
        ["a chart that is a string", svc({ chart: "x" }), "TypeError: string indices must be integers"],
        ["a chart of null", svc({ chart: null }), "TypeError: 'NoneType' object is not subscriptable"],
        [
            "chart.secret together with a URL",
            svc(chart({ secret: "x" })),
            "AttributeError: 'str' object has no attribute 'get'",
        ],
        [
            "an unknown first need",
            svc({ needs: ["ghost"] }),
            "UnboundLocalError: local variable 'needed_component' referenced before assignment",
        ],
        [
            "a type that only contains volume",
            withFlows(data, { inputs: { in: { type: "xvolume", flow: "data" } } }),
            "KeyError: 'XVOLUME'",
        ],
        [
            "a repository input from a volume flow",
            withFlows(data, { inputs: { in: { type: "repository", flow: "data" } } }),
            "AttributeError: 'PVFlow' object has no attribute '_repo_origin_mount_path'",
        ],
        ["a storage remote that is no URL", dvc("s3://["), "ValueError: Invalid IPv6 URL"],
        [
            "a repo whose port is no number",
            svc(chart({ repo: "https://charts.example.com:http" })),
            "ValueError: Port could not be cast to integer value as 'http'",
        ],
    ];
    for (const [what, graph, exception] of crashing) {
        it(`crashes on ${what}, like the real webhook`, () =>
            assert.deepEqual(validateGraph(graph, empty), { crash: exception }));
    }

    it("counts an existing namespace as taken", () => {
        const world = { namespaces: ["default", "default-g-svc"], graphs: [] };
        const message = "Namespace default-g-svc already exists.";
        assert.deepEqual(validateGraph(svc({}), world), { allowed: false, message });
    });

    it("lets a graph keep its namespaces", () => {
        const world = { namespaces: ["default", "default-g-svc"], graphs: [svc({})] };
        assert.deepEqual(validateGraph(svc({}), world), { allowed: true });
    });

    it("confuses two graphs whose namespace names collide", () => {
        const world = { namespaces: ["default"], graphs: [graphOf("other", { "a-b-c": component() })] };
        const verdict = validateGraph(graphOf("other-a", { "b-c": component() }), world);
        assert.deepEqual(verdict, { allowed: false, message: "Namespace default-other-a-b-c already exists." });
    });

    it("accepts every graph that is being deleted", () => {
        const graph = svc({ chart: null });
        graph.metadata.deletionTimestamp = "now";
        assert.deepEqual(validateGraph(graph, empty), { allowed: true });
    });

    it("accepts a pulsar flow only when some graph provides pulsar", () => {
        const graph = withFlows({ q: { type: "pulsar" } }, {});
        const provided = { pulsar: { namespace: "default", name: "p" } };
        assert.equal("message" in validateGraph(graph, empty), true);
        assert.deepEqual(validateGraph(graph, { ...empty, provided }), { allowed: true });
    });
});

describe("helm repo name", () => {
    it("is the same for a URL with capitals in the host, or a slash at the end", () => {
        const name = helmRepoName("https://charts.example.com/x");
        assert.match(name, /^[0-9a-f]{40}$/);
        assert.equal(helmRepoName("https://Charts.Example.com/x/"), name);
        assert.notEqual(helmRepoName("https://charts.example.com/X"), name);
        assert.notEqual(helmRepoName("https://u:p@charts.example.com/x"), name);
    });
});
