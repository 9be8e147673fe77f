// Proves the hook alone. That the engine calls it before it touches the graph is proved on the engine.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { settledFirst } from "../../../../components/parts/settled";
import { record } from "../../../kit";
import { fakeApi } from "../../fake-api";

const GRAPH = { apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", namespace: "a", name: "gateway" };
const NEW = { deploy: true, graph: { retry: 2 } };
const OLD = { deploy: true, graph: { retry: 1 } };

/** Runs the hook against a graph that has these states one after another; says how often it looked. */
async function settle(states: (object | undefined)[], timeoutSeconds = 60): Promise<number> {
    let looks = 0;
    const api = await fakeApi(() => states[Math.min(looks++, states.length - 1)]);
    try {
        let hooks: ReturnType<typeof settledFirst> | undefined;
        await record(() => {
            hooks = settledFirst("settled", GRAPH, { kubeconfig: pulumi.secret(api.kubeconfig) }, timeoutSeconds);
        });
        assert.deepEqual(hooks!.beforeCreate, hooks!.beforeUpdate);
        await hooks!.beforeUpdate[0].callback({ newInputs: { spec: NEW } } as unknown as pulumi.ResourceHookArgs);
        return looks;
    } finally {
        await api.close();
    }
}
const graph = (spec: object, phase?: string) => ({ kind: "RampartGraph", spec, status: phase && { phase } });

describe("settledFirst", () => {
    const setTimeout = global.setTimeout;
    before(() => (global.setTimeout = ((f: () => void, ms: number) => setTimeout(f, ms / 100)) as typeof setTimeout));
    after(() => (global.setTimeout = setTimeout));

    const free: [what: string, state: object | undefined][] = [
        ["a graph that is not there", undefined],
        ["a graph nobody has looked at yet", graph(OLD)],
        ["a deployed graph", graph(OLD, "Deployed")],
        ["a failed graph", graph(OLD, "Failed")],
        ["a deploying graph of the same spec, which a killed run left", graph(NEW, "Deploying")],
    ];
    for (const [what, state] of free)
        it(`lets ${what} be touched at once`, async () => assert.equal(await settle([state]), 1));

    for (const phase of ["Deploying", "Undeploying"])
        it(`waits while a graph of another spec is ${phase}`, async () =>
            assert.equal(await settle([graph(OLD, phase), graph(OLD, phase), graph(OLD, "Deployed")]), 3));

    it("ends, and says what it waited for and how to look", async () => {
        await assert.rejects(settle([graph(OLD, "Deploying")], 0.05), (error: Error) => {
            assert.match(error.message, /^RampartGraph a\/gateway: still Deploying after 0\.05 s/);
            assert.match(error.message, /kubectl -n a get rampartgraph gateway$/);
            return true;
        });
    });
});
