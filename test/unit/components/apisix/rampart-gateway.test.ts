import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { type ReleaseSettings } from "../../../../components/apisix/values";
import { rampartGateway, renderGraph } from "../../../../components/apisix/release";
import { comesAfter, one, oneOfKind, record } from "../../../kit";
import { release } from "./release-fixture";

class Needed extends pulumi.ComponentResource {
    constructor(namespace: string, opts: pulumi.ComponentResourceOptions) {
        super("test:Needed", `needed-in-${namespace}`, {}, opts);
    }
}
const build = (kubeconfig?: pulumi.Output<string>, more: Partial<ReleaseSettings> = {}) =>
    rampartGateway(
        "alpa-gateway",
        {
            namespace: "team-a",
            release: { ...release, ...more },
            cluster: { kubeconfig },
            retry: 3,
            timeoutSeconds: 2700,
            inNamespace: (namespace, opts) => new Needed(namespace, opts),
        },
        {},
    );
const AWAITED = "pulumi-nodejs:dynamic/alpa-auth:Awaited";

describe("renderGraph", () => {
    const graph = renderGraph({ namespace: "team-a", release, retry: 3 });
    it("changes with the retry number, in that field only", () => {
        const retried = renderGraph({ namespace: "team-a", release, retry: 4 });
        assert.notDeepEqual(retried, graph);
        retried.graph.components.apisix.$ui.retry = 3;
        assert.deepEqual(retried, graph);
    });
});

describe("the namespace of the gateway", () => {});

describe("the gateway that Rampart installs", () => {
    it("creates the graph, with time for an earlier deployment of the graph and for its own", async () => {
        const { spec, metadata, timeoutSeconds } = oneOfKind(await record(() => build()), "RampartGraph").inputs;
        assert.deepEqual(spec, renderGraph({ namespace: "team-a", release, retry: 3 }));
        assert.deepEqual([metadata.namespace, metadata.name, timeoutSeconds], ["team-a", "gateway", 2700]);
    });

    it("drains the gateway's pods before the graph is deleted, for as long as their grace period", async () => {
        const drained = async (more?: Partial<ReleaseSettings>) =>
            oneOfKind(await record(() => build(undefined, more)), "RampartGraph").inputs.drain;
        const [namespace, name] = ["team-a-gateway-apisix", "apisix"];
        const pods = { "app.kubernetes.io/name": "apisix" };
        assert.deepEqual(await drained(), { namespace, name, pods, timeoutSeconds: 600 });
        const drain = await drained({ availability: { answerTimeoutSeconds: 900 } });
        assert.deepEqual(drain, { namespace, name, pods, timeoutSeconds: 900 + 30 + 30 + 15 + 120 });
    });

    it("creates the namespace's objects while Rampart deploys, and waits for the deployment after that", async () => {
        const seen = await record(() => build());
        const graph = oneOfKind(seen, "RampartGraph");
        const deployed = one(seen, AWAITED, "alpa-gateway-deployed");
        const needed = one(seen, "test:Needed", "needed-in-team-a-gateway-apisix");
        for (const [later, earlier] of [
            [needed, graph],
            [deployed, graph],
        ])
            assert.ok(comesAfter(seen, later, earlier), `${later.name} after ${earlier.name}`);
        assert.ok(!comesAfter(seen, needed, deployed), "the pods of the deployment wait for these objects");
        assert.ok(seen.indexOf(deployed) > seen.indexOf(needed), "no other resource delays it in this test");
    });

    it("waits for the namespace of the graph, and for the graph", async () => {
        const seen = await record(() => build());
        const { namespaces, objectsInside } = oneOfKind(seen, "RampartGraph").inputs;
        assert.deepEqual([namespaces, objectsInside], [["team-a-gateway-apisix"], true]);
        const { object, until, generation, uid, timeoutSeconds } = one(seen, AWAITED).inputs;
        assert.deepEqual(
            [object.kind, object.name, until, generation, uid, timeoutSeconds],
            ["RampartGraph", "gateway", { kind: "graph-deployed" }, 1, "its-uid", 2700],
        );
    });
});
