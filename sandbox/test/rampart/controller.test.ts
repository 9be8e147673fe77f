// Proves what the product relies on, or must avoid, in Rampart's controller. Engine tests run it with a real cluster.
import { strict as assert } from "node:assert";
import { HelmError } from "../../rampart/helm";
import { component, specOf, World } from "./kit";

const one = specOf({ apisix: component() });
const INSIDE = "default-g-apisix";
const namespace = (world: World, name = INSIDE) => world.objects.get(`/api/v1/namespaces/${name}`);

describe("Rampart's controller", () => {
    let world: World;
    beforeEach(() => (world = new World()));
    afterEach(() => world.close());

    it("shows Deploying with the old observedGeneration, then Deployed", async () => {
        world.put(one);
        await world.reaches("Deployed", 1);
        world.put(specOf({ apisix: component({ $ui: { retry: 1 } }) }));
        await world.reaches("Deployed", 2);
        assert.deepEqual(world.states.slice(-2), [
            ["Deploying", 1],
            ["Deployed", 2],
        ]);
        assert.deepEqual(world.graph!.metadata.finalizers, ["rampart.petuum.com/graph"]);
    });

    it("never retries a failed generation, and keeps its messages after a success", async () => {
        world.helm = () => Promise.reject(new HelmError("port is already allocated"));
        world.put(one);
        await world.reaches("Failed", 1);
        world.cycle();
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(world.commands, [`install ${INSIDE}`]);
        const { messages } = world.graph!.status!;
        const [before, after] = messages!.split("\nstderr:\n");
        assert.match(before, /'env': .*sandbox-canary-never-print-this/);
        assert.match(after, /port is already allocated/);
        world.helm = () => {};
        world.put(one);
        await world.reaches("Deployed", 2);
        assert.equal(world.graph!.status!.messages, messages);
    });

    const refused: [what: string, chart: object, said: RegExp][] = [
        ["a version that does not exist", { version: "9.9.9" }, /apisix 9\.9\.9\nno such version/],
        ["a repository in a Secret", { repo: "rampart-repo" }, /in a Secret is unsupported by the sandbox/],
    ];
    for (const [what, change, said] of refused)
        it(`fails validation for ${what}, and changes nothing`, async () => {
            world.put(specOf({ apisix: component({ chart: { ...component().chart, ...change } }) }));
            await world.reaches("Failed", 1);
            assert.match(world.graph!.status!.messages!, said);
            assert.equal(world.graph!.metadata.finalizers, undefined);
            assert.deepEqual(world.commands, []);
        });

    it("installs a component after those that it needs", async () => {
        world.put(specOf({ a: component({ needs: ["b"] }), b: component({ needs: ["c"] }), c: component() }));
        await world.reaches("Deployed", 1);
        assert.deepEqual(world.commands, ["install default-g-c", "install default-g-b", "install default-g-a"]);
    });

    it("uninstalls a removed component after the others are deployed, and keeps it when their deployment fails", async () => {
        world.put(specOf({ apisix: component(), old: component() }));
        await world.reaches("Deployed", 1);
        world.helm = () => Promise.reject(new HelmError("no"));
        world.put(one);
        await world.reaches("Failed", 2);
        assert.ok(namespace(world, "default-g-old"));
        world.helm = () => {};
        world.put(one);
        await world.reaches("Deployed", 3);
        assert.equal(namespace(world, "default-g-old"), undefined);
    });

    it("uninstalls everything of a graph that is changed while it deploys", async () => {
        const whole = specOf({ apisix: component(), keep: component() });
        world.put(whole);
        await world.reaches("Deployed", 1);
        world.helm = (_, signal) =>
            new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        world.put(whole);
        await world.until(() => world.commands.length === 4);
        world.helm = () => {};
        world.put(whole);
        await world.reaches("Deployed", 3);
        assert.deepEqual(world.commands.slice(4, 6), [`uninstall ${INSIDE}`, "uninstall default-g-keep"]);
    });

    it("deletes the namespaces of a graph with deploy: false, and deploys it again", async () => {
        world.put(one);
        await world.reaches("Deployed", 1);
        world.put({ ...one, deploy: false });
        await world.reaches("Undeployed", 2);
        assert.equal(namespace(world), undefined);
        world.put(one);
        await world.reaches("Deployed", 3);
        assert.ok(namespace(world));
    });

    it("completes a deletion only in the next watch, and uninstalls twice", async () => {
        world.put(one);
        await world.reaches("Deployed", 1);
        world.delete();
        await world.until(() => world.commands.length === 2);
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(world.graph?.status?.phase, "Deleting");
        world.cycle();
        await world.until(() => world.graph === undefined);
        assert.deepEqual(world.commands.slice(1), [`uninstall ${INSIDE}`, `uninstall ${INSIDE}`]);
        assert.equal(namespace(world), undefined);
    });

    it("does not use a namespace that it did not create", async () => {
        world.objects.set(`/api/v1/namespaces/${INSIDE}`, { metadata: { name: INSIDE } });
        world.put(one);
        await world.reaches("Failed", 1);
        assert.match(world.graph!.status!.messages!, /already exists and is not created by Rampart/);
    });
});
