// Proves that the controller writes every version of the status that the real controller wrote, in the same order, and
// that it would run the same helm commands.
// Runs only where the recordings are available. The test emulates helm, helmfile and HNC in the same way as the
// recordings.
import assert from "node:assert/strict";
import { buildHelmfile } from "../../../rampart/controller/helmfile.js";
import { parseGraph } from "../../../rampart/graph/parse.js";
import { type RecordedStep, type RecordedTransition, recording, withPlaceholders } from "../kit/recorded.js";
import { type Scenario, scenarios } from "../kit/scenarios.js";
import { component, graphOf, type State } from "../kit/memory-cluster.js";
import { World } from "../kit/world.js";

interface Difference {
    transition: string;
    step: string;
    why: string;
}

if (recording) {
    const { transitions, helmfiles } = recording;
    describe("Rampart controller, recorded", () => {
        const different: Difference[] = [];
        let agreed = 0;
        after(() => {
            console.log(`      recorded transitions that agree: ${agreed} of ${transitions.length}`);
            if (different.length > 0) console.table(different);
        });

        for (const transition of transitions) {
            const scenario = scenarios[transition.id];
            it(`goes through ${transition.id} like the real controller`, async () => {
                assert.ok(scenario, `scenarios.ts has no script for ${transition.id}. Write one.`);
                const found = await replay(transition, scenario);
                different.push(...found);
                assert.deepEqual(found, []);
                agreed++;
            });
        }
    });

    describe("helmfile of a graph, recorded", () => {
        const repo = (name: string, url: string, options: Record<string, string> = {}) => ({
            repo: { name, url, options },
            ...{ inputs: [], outputs: [], provides: [], requires: [], specName: "" },
        });
        const hash = "f802083998f8038353a0fde10f9aa9c14f53c1c5";
        const settings = { registry: "", timeoutSeconds: 600 };

        it("equals the real helmfile for needs, auth-aux and version latest", () => {
            const graph = graphOf("llm", {
                op: component(),
                serve: component({
                    chart: { repo: "https://charts.example.com", name: "generic-service" },
                    config: {
                        image: { repository: "r", tag: "1" },
                        stubIngress: true,
                        stubIngressNamespace: "default-llm-serve",
                    },
                    needs: ["op"],
                    ingressNeeded: true,
                    auxConfig: { authKind: "key-auth" },
                }),
            });
            const parsed = parse(graph);
            const auxRepo = "30db409b2e126699d6e318152644f2d396f4460b_full-secret_rampart_repo";
            const facts = new Map(
                parsed.charts.map((chart) => [
                    chart.key,
                    "secretName" in chart.source
                        ? repo(auxRepo, "https://charts.example.com/rampart")
                        : repo(hash, "https://charts.example.com"),
                ]),
            );
            assert.deepEqual(buildHelmfile(parsed, facts, settings), helmfiles["lifecycle, generation 1"]);
        });

        it("equals the real helmfile for a component with a namespace of its own", () => {
            const graph = graphOf("g16", {
                op: component({ namespace: "ray-system" }),
                svc: component({ needs: ["op"] }),
            });
            const parsed = parse(graph);
            const facts = new Map(parsed.charts.map((chart) => [chart.key, repo(hash, "https://charts.example.com")]));
            assert.deepEqual(buildHelmfile(parsed, facts, settings), helmfiles["custom-namespace"]);
        });

        it("equals the real helmfile for a repo from a Secret, including the password in plain text", () => {
            const chart = { repo: "my-repo", name: "generic-service", version: "0.4.1" };
            const parsed = parse(graphOf("g3", { svc: component({ chart }) }));
            const options = { "pass-credentials": "true", password: "p", username: "u" };
            const name = `${hash}_full-secret_my_repo`;
            const facts = new Map(parsed.charts.map((c) => [c.key, repo(name, "https://charts.example.com", options)]));
            assert.deepEqual(buildHelmfile(parsed, facts, settings), helmfiles["repo-secret"]);
        });
    });
}

function parse(graph: ReturnType<typeof graphOf>) {
    return parseGraph(graph.spec, graph.metadata, { namespaces: [], graphs: [] });
}

async function replay(transition: RecordedTransition, scenario: Scenario): Promise<Difference[]> {
    // The recorded controller ran outside of a pod and had no namespace of its own.
    const world = new World({ controllerNamespace: "NO_NAMESPACE_FOUND" }, scenario.hncSeconds);
    const differences: Difference[] = [];
    try {
        await scenario.before?.(world);
        for (const [i, recorded] of transition.steps.entries()) {
            const step = scenario.steps[i];
            if (step === undefined) {
                differences.push({ transition: transition.id, step: recorded.action, why: "not scripted" });
                continue;
            }
            const states = world.cluster.statesOf(transition.graph).length;
            const commands = world.commands.length;
            const answer = await step.act(world);
            if (typeof step.then === "number") await world.clock.run(step.then);
            else await step.then?.(world);
            const why = compare(recorded, {
                ...(answer ? { apiResult: answer } : {}),
                states: world.cluster.statesOf(transition.graph).slice(states),
                commands: world.commands.slice(commands),
                graph: transition.graph,
            });
            differences.push(...why.map((text) => ({ transition: transition.id, step: recorded.action, why: text })));
        }
    } finally {
        await world.close();
    }
    return differences;
}

interface Seen {
    apiResult?: { httpStatus: number; message?: string };
    states: State[];
    commands: string[];
    graph: string;
}

function compare(recorded: RecordedStep, seen: Seen): string[] {
    const out: string[] = [];
    const differ = (what: string, real: unknown, ours: unknown) => {
        const [a, b] = [JSON.stringify(real), JSON.stringify(ours)];
        if (a !== b) out.push(`${what}: recorded ${a}, here ${b}`);
    };
    if (recorded.apiResult) differ("answer", recorded.apiResult, seen.apiResult);
    differ("states", (recorded.states ?? []).map(unordered), seen.states.map(unordered));
    const prefix = new RegExp(`\\bdefault-${seen.graph}-|${seen.graph}(_other)?_(edges_helm|helmfile)`);
    const own = seen.commands
        .filter((command) => prefix.test(command))
        .map((command) => withPlaceholders(command).replaceAll(/<workdir>\/default_\w+?\//g, "<workdir>/"));
    differ("commands", recorded.commands ?? [], own);
    return out;
}

/** The order of several errors in one message is not fixed. */
function unordered(state: State): State {
    const messages = state.status?.messages;
    if (messages === undefined || messages.split("\n\n\n").length < 3) return withoutVariables(state, messages);
    const [head, ...body] = messages.split("\n");
    return withoutVariables(state, [head, body.join("\n").split("\n\n\n").sort().join("\n\n\n")].join("\n"));
}

function withoutVariables(state: State, messages: string | undefined): State {
    if (messages === undefined || state.status === null) return state;
    return { ...state, status: { ...state.status, messages: withPlaceholders(messages) } };
}
