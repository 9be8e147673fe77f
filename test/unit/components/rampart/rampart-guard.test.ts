// Proves the stored provider against a fake API server. Engine tests prove that the engine deletes nothing that the guard
// protects.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "../../../../components/kubernetes/awaited";
import { one, record } from "../../../kit";
import { fakeApi, type Answer, type FakeApi } from "../../kit/fake-api";
import { load, storedText } from "../kubernetes/stored";
import { useFastTimers } from "../../kit/timers";

const graph = (namespace: string, name: string, deletionTimestamp?: string) => ({
    metadata: { namespace, name, deletionTimestamp },
});
const going = (namespace: string, name: string) => graph(namespace, name, "2026-11-25T00:00:00Z");
const list = (...items: object[]) => ({ kind: "RampartGraphList", items });

describe("the guard of Rampart", () => {
    useFastTimers();
    const { now } = Date;
    let api: FakeApi | undefined;
    let provider: pulumi.dynamic.ResourceProvider;
    let text: string;
    before(async () => {
        text = storedText(
            one(
                await record(() => new Awaited("guard", { cluster: {}, keptForGraphs: true }, {})),
                "pulumi-nodejs:dynamic/alpa-auth:Awaited",
            ),
        );
        provider = load(text);
    });
    afterEach(() => void (Date.now = now));

    /**
     * Deletes the guard.
     * @param answers successive answers to its requests for lists
     * @param secondsBetween two requests
     */
    async function remove(answers: Answer[], secondsBetween = 1) {
        let looks = 0;
        api = await fakeApi(() => answers[Math.min(looks++, answers.length - 1)]);
        const start = now();
        Date.now = () => start + 1000 * secondsBetween * looks;
        await provider.delete!("rampart", { kubeconfig: api.kubeconfig, keptForGraphs: true });
        return looks;
    }

    it("is deleted at once if no namespace has a graph", async () => {
        assert.equal(await remove([list()]), 1);
        assert.deepEqual(api!.asked, ["/apis/rampart.petuum.com/v1beta2/rampartgraphs"]);
    });
    it("is deleted at once if the cluster has no graphs", async () => assert.equal(await remove([404]), 1));
    it("waits for graphs that are being deleted, as long as that takes", async () =>
        assert.equal(await remove([...Array(10).fill(list(going("a", "b"))), list()], 80), 11));
    it("names every graph that stays, and stays", async () => {
        const graphs = list(graph("a", "b"), graph("c", "d"), going("e", "f"));
        await assert.rejects(
            remove([graphs]),
            /^Error: Rampart: must stay .* \(a\/b, c\/d, e\/f\)\. .*Set rampart\.install/,
        );
    });
    it("stays if a graph never goes", async () => {
        await assert.rejects(remove([list(going("a", "b"))], 10), /^Error: Rampart: must stay .* \(a\/b\)/);
        assert.equal(api!.asked.length, 91);
    });
    it("does not treat a missing answer as an empty list", () => assert.rejects(remove([503]), /503/));

    const changes: [what: string, change: object, changed: boolean][] = [
        ["another kubeconfig", { kubeconfig: "new" }, true],
        ["nothing", {}, false],
    ];
    for (const [what, change, changed] of changes)
        it(`is ${changed ? "" : "not "}updated for ${what}: deletion will use what is in the state`, async () => {
            const olds = { kubeconfig: "old", keptForGraphs: true };
            assert.equal((await provider.diff!("rampart", olds, { ...olds, ...change })).changes, changed);
        });
});
