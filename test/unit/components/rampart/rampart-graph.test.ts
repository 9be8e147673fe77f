// Proves the resource RampartGraph, and that its stored provider works, against a fake API server. Engine tests prove that a
// real API server and engine accept it.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { RampartGraph } from "../../../../components/rampart/rampart-graph";
import { asked, one, record } from "../../../kit";
import { fakeApi, type Answer, type FakeApi, type Request } from "../../kit/fake-api";
import { API_SERVER, assertStored, load, storedText } from "../kubernetes/stored";
import { useFastTimers } from "../../kit/timers";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:RampartGraph";
const API_VERSION = "rampart.petuum.com/v1beta2";
const PATH = "/apis/rampart.petuum.com/v1beta2/namespaces/a/rampartgraphs/gateway";
const metadata = { name: "gateway", namespace: "a", labels: { by: "us" }, annotations: { owner: "us" } };
const NEW = { deploy: true, graph: { retry: 2, flows: {} } };
const OLD = { deploy: true, graph: { retry: 1, flows: {} } };
const ours = { apiVersion: API_VERSION, kind: "RampartGraph", metadata, spec: NEW, timeoutSeconds: 60, namespaces: [] };
const LIVE = { generation: 7, uid: "u-1" };

async function register(cluster: { kubeconfig?: pulumi.Output<string>; context?: string } = {}) {
    const wait = { timeoutSeconds: 60, namespaces: [] };
    const args = { cluster, apiVersion: API_VERSION, metadata: metadata as any, spec: NEW, ...wait };
    return one(await record(() => new RampartGraph("graph", args, {})), TYPE);
}
const live = (spec: object | undefined, phase?: string, more: object = {}) => ({
    kind: "RampartGraph",
    apiVersion: API_VERSION,
    metadata: { ...metadata, ...LIVE, managedFields: [], ...more },
    spec,
    status: phase && { phase, messages: "{'env': {'TOKEN': 's3cret'}}" },
});
const status = (code: number, message: string) => ({ kind: "Status", status: "Failure", code, message });

let api: FakeApi;
const sent: (Request & { path: string })[] = [];
let text: string;
/** Starts an API server. It answers reads of the graph with the next of `states`, and writes with `changed`. */
async function cluster(states: Answer[], changed: Answer = live(NEW)) {
    let looks = 0;
    api = await fakeApi((path, request) => {
        sent.push({ path, ...request });
        return request.method === "GET" ? states[Math.min(looks++, states.length - 1)] : changed;
    });
    const inputs = { ...ours, kubeconfig: api.kubeconfig, __provider: text };
    return { provider: load(text), inputs, state: { ...inputs, ...LIVE } };
}
const methods = () => sent.map((s) => s.method).join(" ");

describe("RampartGraph", () => {
    useFastTimers();
    before(async () => (text = storedText(await register())));
    afterEach(() => void (sent.length = 0));

    it("is deleted before its replacement is created, also with `pulumi up --replace`, since both have one name", async () =>
        assert.ok(asked(await register()).deleteBeforeReplace));

    it("stores its provider in less than 29 kB, without the Pulumi SDK", () =>
        assertStored(text, 29_000, [...API_SERVER, "node:util"]));

    for (const verb of ["create", "update"] as const) {
        const run = ({ provider, inputs, state }: Awaited<ReturnType<typeof cluster>>) =>
            verb === "create" ? provider.create(inputs) : provider.update!("a/gateway", state, inputs);

        it(`${verb} applies exactly this stack's fields, with its own field manager and without force`, async () => {
            await run(await cluster([undefined]));
            const { method, path, query, type, body } = sent.at(-1)!;
            assert.deepEqual([method, path, type], ["PATCH", PATH, "application/apply-patch+yaml"]);
            assert.deepEqual(query, { fieldManager: "alpa-auth", force: "false" });
            assert.deepEqual(body, { apiVersion: API_VERSION, kind: "RampartGraph", metadata, spec: NEW });
        });

        it(`${verb} stores the generation that it created, and nothing of the status`, async () => {
            const world = await cluster([live(OLD, "Failed")], live(NEW, "Failed"));
            const { outs } = await run(world);
            assert.deepEqual(outs, { ...world.inputs, ...LIVE });
            assert.doesNotMatch(
                JSON.stringify({ ...outs, kubeconfig: "", __provider: "" }),
                /messages|s3cret|status":/,
            );
        });

        const free: [what: string, state: Answer][] = [
            ["that does not exist", undefined],
            ["no controller has processed yet", live(OLD)],
            ["that is deployed", live(OLD, "Deployed")],
            ["that has failed", live(OLD, "Failed")],
            ["that is deploying the same spec, as a killed run leaves it", live(NEW, "Deploying")],
        ];
        for (const [what, state] of free)
            it(`${verb} changes a graph ${what} at once`, async () => {
                await run(await cluster([state]));
                assert.equal(methods(), "GET PATCH");
            });

        for (const phase of ["Deploying", "Undeploying"])
            it(`${verb} waits while a graph of another spec is ${phase}, and while it cannot be read`, async () => {
                await run(await cluster([live(OLD, phase), 503, live(OLD, phase), live(OLD, "Deployed")]));
                assert.equal(methods(), "GET GET GET GET PATCH");
            });

        it(`${verb} times out, and names what it waited for and how to check`, async () => {
            const world = await cluster([live(OLD, "Deploying")]);
            world.inputs.timeoutSeconds = 0.05;
            await assert.rejects(run(world), (error: Error) => {
                assert.match(error.message, /^RampartGraph a\/gateway: still Deploying after 0\.05 s, and must not be/);
                assert.match(error.message, /kubectl -n a get rampartgraph gateway/);
                assert.doesNotMatch(error.message, /s3cret/);
                return true;
            });
            assert.doesNotMatch(methods(), /PATCH/);
        });

        it(`${verb} names the other field manager that has changed this stack's fields`, async () => {
            const words = 'Apply failed with 1 conflict: conflict with "kubectl-edit": .spec.deploy';
            await assert.rejects(run(await cluster([live(OLD)], status(409, words))), (error: Error) => {
                assert.ok(error.message.includes(words), error.message);
                assert.match(
                    error.message,
                    /kubectl --context \S+ --server https?:\S+ -n a edit rampartgraph gateway --show-managed-fields$/,
                );
                return true;
            });
        });
    }

    const refused = {
        denied: status(403, 'admission webhook "v.r" denied the request: Namespace a-b exists.\nEdge x is wrong.\n'),
        schema: status(
            403,
            `admission webhook "v.r" denied the request: 3 is not of type 'string'\n\nFailed validating 'type' in schema['properties']:\n    {'type': 'string'}\n\nOn instance['graph']['components']:\n    3\n`,
        ),
        crashed: status(500, "Internal error occurred: failed calling webhook"),
    };
    const check = async (changed: Answer, more: object = {}) => {
        const { provider, inputs } = await cluster([undefined], changed);
        const news = { ...inputs, ...more };
        const { inputs: checked, failures } = await provider.check!({}, news);
        assert.equal(checked, news);
        return failures!;
    };

    it("check sends the API server a dry run, and changes nothing", async () => {
        assert.deepEqual(await check(live(NEW)), []);
        assert.deepEqual(
            sent.map((s) => [s.method, s.path, s.query]),
            [["PATCH", PATH, { dryRun: "All", fieldManager: "alpa-auth", force: "false" }]],
        );
    });

    const words: [what: string, answer: Answer, reason: RegExp][] = [
        [
            "every line of a rejection",
            refused.denied,
            /denied the request: Namespace a-b exists\.\nEdge x is wrong\.\)/,
        ],
        [
            "only the error and its path of a schema's text",
            refused.schema,
            /denied the request: 3 is not of type 'string' On instance\['graph'\]\['components'\]\)/,
        ],
        ["a webhook that does not answer", refused.crashed, /failed calling webhook/],
        ["a conflict", status(409, 'conflict with "kubectl-edit"'), /kubectl-edit/],
    ];
    for (const [what, answer, reason] of words)
        it(`check shows ${what}`, async () => {
            const [failure, ...others] = await check(answer);
            assert.deepEqual([failure.property, others], ["", []]);
            assert.match(failure.reason, /^RampartGraph a\/gateway: must be /);
            assert.match(failure.reason, reason);
            assert.doesNotMatch(failure.reason, /Failed validating|s3cret/);
        });

    it("check passes while there is no namespace yet", async () =>
        assert.deepEqual(await check(status(404, 'namespaces "a" not found')), []));
    it("check passes while there is no such kind yet", async () =>
        assert.deepEqual(await check(live(NEW), { apiVersion: "nowhere.example.org/v1" }), []));
    it("check sends no request about unknown values", async () => {
        assert.deepEqual(await check(refused.denied, { spec: { deploy: pulumi.runtime.unknownValue } }), []);
        assert.deepEqual(sent, []);
    });

    const renamed = { ...metadata, name: "other" };
    const moved = { ...metadata, namespace: "b" };
    const changes: [what: string, change: object, changes: boolean, replaces: string[]][] = [
        ["another spec", { spec: OLD }, true, []],
        ["other annotations", { metadata: { ...metadata, annotations: {} } }, true, []],
        ["another kubeconfig, which deletion will need", { kubeconfig: "new" }, true, []],
        ["other namespaces, which deletion will need", { namespaces: ["a-x"] }, true, []],
        ["other pods to drain, which deletion will need", { drain: {} }, true, []],
        ["another name", { metadata: renamed }, true, ["metadata"]],
        ["another namespace", { metadata: moved }, true, ["metadata"]],
        ["another timeout", { timeoutSeconds: 9 }, false, []],
        ["its own version", { generation: 8, uid: "u-2" }, false, []],
    ];
    for (const [what, change, changed, replaces] of changes)
        it(`diff: ${what} ${replaces.length ? "replaces it" : changed ? "changes it" : "is no change"}`, async () => {
            const olds = { ...ours, kubeconfig: "old", ...LIVE };
            const diff = await load(text).diff!("a/gateway", olds, { ...ours, kubeconfig: "old", ...change });
            assert.deepEqual([diff.changes, diff.replaces], [changed, replaces]);
        });

    it("read finds a deleted graph missing", async () => {
        const { provider, state } = await cluster([undefined]);
        assert.deepEqual(await provider.read!("a/gateway", state), { id: "" });
    });
    it("read returns this stack's fields and the generation, and nothing of the status", async () => {
        const grown = { ...OLD, graph: { ...OLD.graph, theirs: 1 }, theirs: 2 };
        const { provider, state } = await cluster([live(grown, "Failed", { ...LIVE, generation: 9 })]);
        const { id, props } = await provider.read!("a/gateway", state);
        assert.equal(id, "a/gateway");
        assert.deepEqual(props, { ...state, spec: OLD, generation: 9 });
    });
    it("read finds no drift where only others have added something", async () => {
        const theirs = { metadata: { ...metadata, annotations: { ...metadata.annotations, theirs: "1" } } };
        const { provider, state, inputs } = await cluster([{ ...live({ ...NEW, theirs: 2 }), ...theirs }]);
        const { props } = await provider.read!("a/gateway", state);
        assert.equal((await provider.diff!("a/gateway", props, inputs)).changes, false);
    });
    for (const [what, spec] of [
        ["a changed field", OLD],
        ["a removed field", { deploy: true }],
        ["a spec that was removed", undefined],
    ] as const)
        it(`read finds ${what} as drift`, async () => {
            const { provider, state, inputs } = await cluster([live(spec)]);
            const { props } = await provider.read!("a/gateway", state);
            assert.equal((await provider.diff!("a/gateway", props, inputs)).changes, true);
        });

    const going = live(NEW, "Deleting", { deletionTimestamp: "2026-11-25T00:00:00Z", finalizers: ["rampart/graph"] });
    it("delete waits until the graph is really deleted", async () => {
        const { provider, state } = await cluster([going, 503, going, undefined], {});
        await provider.delete!("a/gateway", state);
        assert.equal(methods(), "DELETE GET GET GET GET");
        assert.equal(sent[0].path, PATH);
    });

    const drain = { namespace: "a-gateway-apisix", name: "apisix", pods: { app: "gateway" }, timeoutSeconds: 60 };
    const DEPLOYMENT = "/apis/apps/v1/namespaces/a-gateway-apisix/deployments/apisix";
    const pod = { metadata: { name: "apisix-1", labels: drain.pods }, status: { phase: "Running" } };
    it("delete drains the pods of the graph before it deletes the graph", async () => {
        const { provider, state } = await cluster([{ items: [pod] }, 503, { items: [pod] }, { items: [] }, undefined]);
        await provider.delete!("a/gateway", { ...state, drain });
        assert.equal(methods(), "PATCH GET GET GET GET DELETE GET");
        const [{ path, type, body }, { path: pods }] = sent;
        assert.deepEqual([path, type, body], [DEPLOYMENT, "application/merge-patch+json", { spec: { replicas: 0 } }]);
        assert.equal(pods, "/api/v1/namespaces/a-gateway-apisix/pods");
    });
    it("delete waits neither for other pods, nor for pods that have ended, as an evicted one", async () => {
        const others = [
            { ...pod, metadata: { name: "b", labels: { app: "other" } } },
            ...["Failed", "Succeeded"].map((phase) => ({ ...pod, status: { phase } })),
        ];
        const { provider, state } = await cluster([{ items: [pod, ...others] }, { items: others }, undefined]);
        await provider.delete!("a/gateway", { ...state, drain });
        assert.equal(methods(), "PATCH GET GET DELETE GET");
    });
    it("delete goes on if the Deployment does not exist, but waits for its pods", async () => {
        const { provider, state } = await cluster([{ items: [pod] }, { items: [] }, undefined], 404);
        await provider.delete!("a/gateway", { ...state, drain });
        assert.equal(methods(), "PATCH GET GET DELETE GET");
    });
    it("delete keeps a graph whose Deployment cannot be scaled, or whose pods do not end", async () => {
        const denied = await cluster([going], status(403, "user x may not"));
        await assert.rejects(
            denied.provider.delete!("a/gateway", { ...denied.state, drain }),
            /^Error: Deployment a-gateway-apisix\/apisix: could not be scaled to 0 \(user x may not\)\. Repeat the run\.$/,
        );
        const stuck = await cluster([{ items: [pod] }], {});
        await assert.rejects(
            stuck.provider.delete!("a/gateway", { ...stuck.state, drain: { ...drain, timeoutSeconds: 0.05 } }),
            /^Error: Deployment a-gateway-apisix\/apisix: pods not gone after 0\.05 s: apisix-1\. .*delete pod --force$/,
        );
        assert.doesNotMatch(methods(), /DELETE/);
    });
    /** Starts an API server with the namespace of a component, whose phases come in this order. */
    const inside = async (phases: (string | undefined)[], graph: Answer = live(NEW, "Deploying")) => {
        const world = await cluster([graph]);
        let looks = 0;
        api = await fakeApi((path, request) => {
            sent.push({ path, ...request });
            if (request.method !== "GET") return path === PATH ? live(NEW) : {};
            if (path !== "/api/v1/namespaces/a-x") return request.method === "GET" ? graph : {};
            const phase = phases[Math.min(looks++, phases.length - 1)];
            return phase === undefined ? undefined : { status: { phase } };
        });
        const more = { namespaces: ["a-x"], objectsInside: true, kubeconfig: api.kubeconfig };
        return { ...world, inputs: { ...world.inputs, ...more }, state: { ...world.state, ...more } };
    };
    const steps = () => sent.map(({ method, path }) => (path === PATH ? method : "namespace")).join(" ");

    it("create waits while the component's namespace is Terminating, and then until Rampart has created it", async () => {
        const { provider, inputs } = await inside(["Terminating", undefined, undefined, "Active"]);
        const { outs } = await provider.create(inputs);
        assert.deepEqual(outs, { ...inputs, ...LIVE });
        assert.equal(steps(), "namespace namespace GET PATCH GET namespace GET namespace");
    });
    it("check asks for no dry run while the component's namespace is Terminating, which create waits for", async () => {
        const { provider, inputs } = await inside(["Terminating"]);
        assert.deepEqual((await provider.check!({}, inputs)).failures, []);
        assert.equal(steps(), "namespace");
    });
    for (const verb of ["create", "update"] as const)
        it(`${verb} that Rampart fails reports its message with the graph's state, which Pulumi records`, async () => {
            const failed = { ...live(NEW, "Failed"), status: { phase: "Failed", observedGeneration: 7, reason: "X" } };
            const { provider, inputs, state } = await inside([undefined], failed);
            const run = verb === "create" ? provider.create(inputs) : provider.update!("a/gateway", state, inputs);
            await assert.rejects(run, (error: Error & { id?: string; properties?: object }) => {
                assert.match(error.message, /^RampartGraph a\/gateway: Rampart reports Failed \(X\)/);
                assert.deepEqual([error.id, error.properties], ["a/gateway", { ...inputs, ...LIVE }]);
                return true;
            });
        });
    it("delete waits until the component's namespace is gone", async () => {
        const { provider, state } = await inside(["Terminating", "Terminating", undefined], undefined);
        await provider.delete!("a/gateway", state);
        assert.equal(steps(), "DELETE GET namespace namespace namespace");
    });
    it("delete names a namespace that is not gone after ten minutes", async () => {
        const { provider, state } = await inside(["Terminating"], undefined);
        const now = Date.now;
        Date.now = () => now() + 300_000 * sent.length;
        await assert
            .rejects(
                provider.delete!("a/gateway", state),
                /^Error: Namespace a-x: not gone after 600 s\. Look: kubectl/,
            )
            .finally(() => (Date.now = now));
    });
    it("delete accepts a graph that does not exist", async () => {
        const { provider, state } = await cluster([undefined], 404);
        await provider.delete!("a/gateway", state);
        assert.equal(methods(), "DELETE GET");
    });
    it("delete does not wait for another graph of the same name", async () => {
        const { provider, state } = await cluster([live(OLD, "Deployed")], {});
        await provider.delete!("a/gateway", state);
    });
    it("delete reports why it was rejected", async () => {
        const { provider, state } = await cluster([going], status(403, "user x may not"));
        await assert.rejects(provider.delete!("a/gateway", state), /^Error: RampartGraph a\/gateway: .*user x may not/);
    });
    it("delete times out after 15 minutes, and names what it waited for and how to check", async () => {
        const { provider, state } = await cluster([going], {});
        const now = Date.now;
        Date.now = () => now() + 300_000 * sent.length;
        try {
            await assert.rejects(provider.delete!("a/gateway", state), (error: Error) => {
                assert.match(
                    error.message,
                    /^RampartGraph a\/gateway: not gone after 900 s \(phase Deleting, fin.*graph\)/,
                );
                assert.match(error.message, /kubectl -n a get rampartgraph gateway/);
                return true;
            });
        } finally {
            Date.now = now;
        }
    });
});
