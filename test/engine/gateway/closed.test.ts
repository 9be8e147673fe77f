// Proves that gateway.closed answers every caller with 503 and Retry-After before a pod of Alpa stops, that a new version
// of the model needs two runs with it, and that the gateway opens again. The engine, API server, scheduler and KubeRay
// operator are real. Gateway, kubelets, GPUs and Alpa are emulators.
import { strict as assert } from "node:assert";
import { Rest } from "../../../sandbox/rampart/kubernetes/rest";
import type { World } from "../../../sandbox/world/world";
import { steadyCallers, useConversionStack, type ConversionStack, type Sent } from "../kit/conversion/conversion-stack";
import type { Place } from "../kit/place";
import { succeeded } from "../kit/stack";

describe("gateway.closed", function () {
    this.timeout(900_000);
    let place: Place<World>;
    let stack: ConversionStack;
    let url: string;
    let key: string;

    useConversionStack("closed", (deployed) => ({ place, stack, url, key } = deployed));

    const set = async (path: string, value: string) =>
        succeeded(await stack.run(["config", "set", "--path", `alpa-auth:${path}`, value]));

    const close = async () => {
        await set("gateway.closed", "new version of the model");
    };
    const open = async () => succeeded(await stack.run(["config", "rm", "--path", "alpa-auth:gateway.closed"]));

    /** Asserts that this is the gateway's answer to a caller while it is closed. */
    function assertClosed({ status, retryAfter, body }: Sent): void {
        assert.deepEqual([status, retryAfter], [503, "60"], body);
        const { type, message, stacktrace } = JSON.parse(body) as Record<string, string>;
        assert.deepEqual([type, stacktrace], ["error", ""]);
        assert.match(message, /^Alpa is in maintenance/);
    }

    /**
     * Closes the gateway by one run, and opens it by a second one, while callers send requests. Asserts that callers get 200
     * before the first run, only 503 between the runs, 200 after the second run, and never anything else.
     */
    async function closesAndOpens(change: () => Promise<unknown>): Promise<void> {
        const callers = steadyCallers(url, key);
        await callers.round();
        const before = callers.count;
        await close();
        await change();
        const { stdout } = succeeded(await stack.up());
        assert.match(stdout, /gateway\.closed: every caller gets 503 \(new version of the model\)/);
        await callers.round();
        const closed = callers.count;
        await callers.round();
        await open();
        await callers.round();
        const opening = callers.count;
        succeeded(await stack.up());
        await callers.round();
        const opened = callers.count;
        await callers.round();
        const sent = await callers.stop();
        const refused = sent.filter(({ status }) => status !== 200);
        console.log(`      ${sent.length} requests, ${refused.length} of them 503`);
        refused.forEach(assertClosed);
        assert.ok(
            sent.slice(0, before).every(({ status }) => status === 200),
            "before",
        );
        assert.ok(
            sent.slice(closed, opening).every(({ status }) => status === 503),
            "between the runs",
        );
        assert.ok(
            sent.slice(opened).every(({ status }) => status === 200),
            "afterwards",
        );
        succeeded(await stack.preview("--expect-no-changes"));
    }

    it("closes and opens the gateway in front of bare metal, where nothing else changes", async () => {
        await closesAndOpens(async () => undefined);
    });

    describe("in front of the component", () => {
        before(() => stack.goOnTo("open"));

        const image = (tag: string) => `${place.world.facts.gpus!.image.split(":")[0]}:${tag}`;

        /** Images of the pods with Alpa, and of the pods that keep its image on the nodes. */
        async function images(): Promise<string[]> {
            const pods = await new Rest(place.world.kubeConfig).call("GET", `/api/v1/namespaces/${stack.name}/pods`);
            const { items } = pods as {
                items: { metadata: { deletionTimestamp?: string }; spec: { containers: { image: string }[] } }[];
            };
            const own = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
            return [...new Set(own.map(({ spec }) => spec.containers[0].image))].filter((one) =>
                one.startsWith(image("")),
            );
        }

        it("stops the old version after the gateway is closed, and serves the new version after it opens", async () => {
            assert.deepEqual(await images(), [image("1.0.0")]);
            await closesAndOpens(() => set("opt.image", image("1.1.0")));
            assert.deepEqual(await images(), [image("1.1.0")]);
        });

        it("goes back in one run from a closed gateway, as a rollback does: it opens when the earlier version is ready", async () => {
            const callers = steadyCallers(url, key);
            await callers.round();
            await close();
            succeeded(await stack.up());
            await callers.round();
            const closed = callers.count;
            await open();
            await set("opt.image", image("1.0.0"));
            succeeded(await stack.up());
            await callers.round();
            const opened = callers.count;
            await callers.round();
            const sent = await callers.stop();
            sent.filter(({ status }) => status !== 200).forEach(assertClosed);
            const first = sent.findIndex(({ status }, i) => i >= closed && status === 200);
            assert.ok(first > closed + 10, "the gateway stays closed while the model loads");
            assert.ok(
                sent.slice(opened).every(({ status }) => status === 200),
                "afterwards",
            );
            assert.deepEqual(await images(), [image("1.0.0")]);
        });
    });
});
