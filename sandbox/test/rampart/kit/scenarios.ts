import type { GraphObject, JsonObject } from "../../../rampart/types.js";
import { type Answer, component, graphOf } from "./memory-cluster.js";
import { World } from "./world.js";

/**
 * A recorded step that is replayed. After the action `act`, `then` is the number of seconds that pass, or a condition
 * that is awaited.
 */
interface Replayed {
    act: (world: World) => Answer | void | Promise<Answer | void>;
    then?: number | ((world: World) => Promise<void>);
}

export interface Scenario {
    /** Runs before the first step: creates other graphs, Secrets, … */
    before?: (world: World) => void | Promise<void>;
    /** Delay of HNC, in seconds. @default half a second */
    hncSeconds?: number;
    steps: Replayed[];
}

const ref = (name: string) => ({ namespace: "default", name });
type Spec = { deploy?: boolean; graph: { components: Record<string, JsonObject> } };
export const specOf = (graph: GraphObject) => graph.spec as unknown as Spec;

export const create =
    (graph: GraphObject) =>
    ({ cluster }: World) =>
        cluster.create(graph);
export const remove =
    (name: string) =>
    ({ cluster }: World) =>
        cluster.delete(ref(name));
/** Changes fields of component `svc`. */
export const change =
    (name: string, fields: JsonObject) =>
    ({ cluster }: World) =>
        cluster.update(ref(name), (graph) => {
            const { components } = specOf(graph).graph;
            components["svc"] = { ...components["svc"], ...fields };
        });
export const setDeploy =
    (name: string, deploy: boolean) =>
    ({ cluster }: World) =>
        cluster.update(ref(name), (graph) => (specOf(graph).deploy = deploy));

/** Seconds after a step, within which everything happens that needs no second watch cycle. */
const SETTLE = 20;
/** Duration of two watch cycles, in seconds. */
const GONE = 130;

const one = (name: string, more: JsonObject = {}) => graphOf(name, { svc: component(more) });
const slow = { config: { stubSeconds: 20 } };
const broken = { config: { stubFail: true } };
const chartOf = (repo: string, name = "generic-service") => ({ chart: { repo, name, version: "0.4.1" } });

const refusedThenDeleted = (graph: GraphObject): Replayed[] => [
    { act: create(graph), then: SETTLE },
    { act: remove(graph.metadata.name), then: SETTLE },
];

export const scenarios: Record<string, Scenario> = {
    "deployment-failure": {
        steps: [
            { act: create(one("bad", broken)), then: SETTLE },
            { act: () => {}, then: 75 },
            { act: change("bad", { $ui: { retry: 1 } }), then: SETTLE },
            { act: ({ cluster }) => cluster.update(ref("bad"), () => {}), then: SETTLE },
            { act: change("bad", { config: {} }), then: SETTLE },
            { act: change("bad", broken), then: SETTLE },
            { act: remove("bad"), then: GONE },
        ],
    },
    "repo-unreachable": { steps: refusedThenDeleted(one("g1", chartOf("https://unreachable.example.com"))) },
    "repo-secret-missing": { steps: refusedThenDeleted(one("g2", chartOf("no-such-secret"))) },
    "chart-missing": { steps: refusedThenDeleted(one("g4", chartOf("https://charts.example.com", "missing-chart"))) },
    "provides-duplicate": {
        before: async (world) => {
            world.cluster.create(one("g8", chartOf("https://charts.example.com", "provides-ray")));
            await world.reaches("g8", "Deployed");
        },
        steps: refusedThenDeleted(one("g9", chartOf("https://charts.example.com", "provides-ray"))),
    },
    "two-failures": {
        steps: refusedThenDeleted(
            graphOf("g10", {
                a: component(chartOf("https://charts.example.com", "missing-chart")),
                b: component(chartOf("https://unreachable.example.com/a")),
            }),
        ),
    },
    "update-while-deploying": {
        // During the recording, HNC was slow: it noticed the deleted anchor only after the new generation was Deployed.
        hncSeconds: 3,
        steps: [
            { act: create(one("g13", slow)), then: 8 },
            { act: change("g13", { config: {} }), then: SETTLE },
            { act: change("g13", slow), then: (world) => world.reaches("g13", "Deploying") },
            { act: remove("g13"), then: GONE },
        ],
    },
    "namespace-terminating": {
        steps: [
            { act: create(one("tn")), then: SETTLE },
            {
                act: (world) => {
                    world.cluster.stuck.add("default-tn-svc");
                    return remove("tn")(world);
                },
                then: GONE,
            },
            { act: create(one("tn")), then: 0 },
            {
                act: async (world) => {
                    world.cluster.stuck.delete("default-tn-svc");
                    await world.clock.run(5);
                    return create(one("tn"))(world);
                },
                then: SETTLE,
            },
            {
                act: (world) => {
                    world.cluster.stuck.add("default-tn-svc");
                    return setDeploy("tn", false)(world);
                },
                then: SETTLE,
            },
            {
                // The recording did not wait for the final deletion of the graph.
                act: async (world) => {
                    const answer = setDeploy("tn", true)(world);
                    await world.reaches("tn", "Failed");
                    remove("tn")(world);
                    return answer;
                },
                then: (world) => world.reaches("tn", "Deleting"),
            },
        ],
    },
    "endpoint-paths-apisixroute": {
        steps: [
            { act: create(one("ar")), then: SETTLE },
            { act: change("ar", { $ui: 1 }), then: SETTLE },
            {
                act: (world) => {
                    world.cluster.endpoints.push({ namespace: "default-ar-svc", paths: ["/default/ar/svc/"] });
                    return change("ar", { $ui: 2 })(world);
                },
                then: SETTLE,
            },
        ],
    },
    "crash-unknown-need": {
        steps: [
            {
                act: (world) => {
                    world.cluster.webhookOn = false;
                    return create(one("c2", { needs: ["ghost"] }))(world);
                },
                then: SETTLE,
            },
            { act: () => {} },
            { act: (world) => void world.start(), then: 4 },
            {
                act: (world) => {
                    world.cluster.webhookOn = true;
                    return create(one("c2-other"))(world);
                },
                then: 4,
            },
            { act: (world) => void world.start(), then: 4 },
            {
                act: remove("c2"),
                then: async (world) => {
                    world.start();
                    await world.reaches("c2-other", "Deployed");
                },
            },
            { act: (world) => void remove("c2-other")(world), then: 4 },
        ],
    },
    "hnc-refuses-anchor": {
        before: ({ cluster }) => {
            const message =
                'subnamespaceanchors.hnc.x-k8s.io "default-h1-svc" is forbidden: create not allowed while custom ' +
                "resource definition is terminating";
            const details = { name: "default-h1-svc", group: "hnc.x-k8s.io", kind: "subnamespaceanchors" };
            const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
            cluster.refuseAnchors = `${JSON.stringify({ ...status, reason: "Forbidden", details, code: 403 })}\n`;
        },
        steps: [{ act: create(one("h1")), then: SETTLE }],
    },
    "parallel-graphs": {
        steps: [
            {
                act: (world) => {
                    const answer = create(one("p1", slow))(world);
                    create(one("p2", { config: { stubSeconds: 1 } }))(world);
                    return answer;
                },
                then: async (world) => {
                    await world.reaches("p2", "Deployed");
                    if (world.cluster.last("p1")?.status?.phase !== "Deploying")
                        throw new Error("p1 was deployed before p2");
                    await world.reaches("p1", "Deployed");
                },
            },
        ],
    },
};
