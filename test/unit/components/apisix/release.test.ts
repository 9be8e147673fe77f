// Proves how Helm and Rampart install the gateway, and in which order. Goldens show the chart's values.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { apisixRelease, keptAndOwned, rampartGateway, renderGraph } from "../../../../components/apisix/release";
import { type ReleaseSettings } from "../../../../components/apisix/values";
import { OWNER_ANNOTATION } from "../../../../components/kubernetes/ownership";
import { asked, comesAfter, one, oneOfKind, record } from "../../../kit";
import { release } from "./release-fixture";

class Needed extends pulumi.ComponentResource {
    constructor(namespace: string, opts: pulumi.ComponentResourceOptions) {
        super("test:Needed", `needed-in-${namespace}`, {}, opts);
    }
}
const build = (crds?: string[]) =>
    record(() =>
        apisixRelease(
            "alpa-apisix",
            {
                namespace: "team-a",
                release,
                cluster: {},
                crds,
                inNamespace: (namespace, opts) => new Needed(namespace, opts),
            },
            {},
        ),
    );
const RELEASE = "kubernetes:helm.sh/v3:Release";
const CRDS = "kubernetes:yaml/v2:ConfigGroup";

/** Applies the release's transform to a CustomResourceDefinition with these properties. */
async function transformed(props: object): Promise<pulumi.ResourceTransformResult> {
    // The transform needs a running program, because it writes the names of project and stack into an annotation.
    let result: pulumi.ResourceTransformResult;
    const definition = { custom: true, type: "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", name: "a" };
    const seen = await record(() => {
        result = keptAndOwned({ ...definition, props, opts: { protect: true } });
    });
    assert.deepEqual(seen, []);
    return result!;
}

describe("the gateway that Helm installs", () => {
    it("keeps CRDs out of the release, and creates them before it", async () => {
        const seen = await build(["crds.yaml"]);
        assert.equal(one(seen, RELEASE).inputs.skipCrds, true);
        assert.deepEqual(one(seen, CRDS).inputs.files, ["crds.yaml"]);
        assert.ok(comesAfter(seen, one(seen, RELEASE), one(seen, CRDS)));
        assert.equal(asked(one(seen, CRDS)).transforms, 1, "each CRD is retained, and has an owner");
    });

    it("installs the CRDs of the pinned releases, unless the config names others", async () => {
        const { files } = one(await build(), CRDS).inputs;
        assert.ok(files.length > 1);
        for (const file of files) assert.match(file, /^https:\/\/.*\/v?\d+\.\d+\.\d+\//);
    });

    it("retains each CRD on destroy: deleting it would delete others' objects", async () => {
        const { opts } = await transformed({ metadata: { name: "a" } });
        assert.deepEqual(opts, { protect: true, retainOnDelete: true });
    });

    it("writes its owner on each CRD", async () => {
        const { props } = await transformed({ kept: true, metadata: { name: "a", annotations: { theirs: "x" } } });
        assert.deepEqual(props, {
            kept: true,
            metadata: { name: "a", annotations: { theirs: "x", [OWNER_ANNOTATION]: "alpa-auth/test" } },
        });
    });

    it("creates no CRDs where the cluster has them", async () => {
        const seen = await build([]);
        assert.deepEqual(
            seen.filter((r) => r.type === CRDS),
            [],
        );
        assert.equal(one(seen, RELEASE).inputs.skipCrds, true);
    });

    it("deletes the release itself on destroy", async () => {
        assert.equal(asked(one(await build(), RELEASE)).retainOnDelete, false);
    });

    it("creates the namespace's objects before it starts the pods", async () => {
        const seen = await build();
        const needed = one(seen, "test:Needed", "needed-in-team-a-gateway");
        const [namespace, installed] = [oneOfKind(seen, "Namespace"), one(seen, RELEASE)];
        assert.ok(comesAfter(seen, needed, namespace));
        assert.ok(comesAfter(seen, installed, namespace));
        assert.ok(!comesAfter(seen, needed, installed));
        assert.ok(seen.indexOf(installed) > seen.indexOf(needed));
    });

    it("drains the gateway's pods before the release is deleted", async () => {
        const seen = await build();
        const drained = one(seen, "pulumi-nodejs:dynamic/alpa-auth:Awaited", "alpa-apisix-drain");
        const pods = { "app.kubernetes.io/name": "apisix" };
        const drain = { namespace: "team-a-gateway", name: "apisix", pods, timeoutSeconds: 600 };
        assert.deepEqual(drained.inputs.drain, drain);
        // Resources are deleted in reverse order.
        assert.ok(comesAfter(seen, drained, one(seen, RELEASE)));
    });

    it("adopts the records of its release that a killed run left, before it installs", async () => {
        const { beforeCreate } = asked(one(await build(), RELEASE));
        assert.deepEqual(beforeCreate, ["alpa-apisix-release-taken-over"]);
    });
});

const graphOf = (kubeconfig?: pulumi.Output<string>, more: Partial<ReleaseSettings> = {}) =>
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

describe("the gateway that Rampart installs", () => {
    it("creates the graph, with time for an earlier deployment of the graph and for its own", async () => {
        const { spec, metadata, timeoutSeconds } = oneOfKind(await record(() => graphOf()), "RampartGraph").inputs;
        assert.deepEqual(spec, renderGraph({ namespace: "team-a", release, retry: 3 }));
        assert.deepEqual([metadata.namespace, metadata.name, timeoutSeconds], ["team-a", "gateway", 2700]);
    });

    it("drains the gateway's pods before the graph is deleted, for as long as their grace period", async () => {
        const drained = async (more?: Partial<ReleaseSettings>) =>
            oneOfKind(await record(() => graphOf(undefined, more)), "RampartGraph").inputs.drain;
        const [namespace, name] = ["team-a-gateway-apisix", "apisix"];
        const pods = { "app.kubernetes.io/name": "apisix" };
        assert.deepEqual(await drained(), { namespace, name, pods, timeoutSeconds: 600 });
        const drain = await drained({ availability: { answerTimeoutSeconds: 900 } });
        assert.deepEqual(drain, { namespace, name, pods, timeoutSeconds: 900 + 30 + 30 + 15 + 120 });
    });

    it("creates the namespace's objects while Rampart deploys, and waits for the deployment after that", async () => {
        const seen = await record(() => graphOf());
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
});
