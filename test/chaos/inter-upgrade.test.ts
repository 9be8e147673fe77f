// Proves with the real Helm that a chart upgrade of option inter keeps the grace period of the pods, restarts each pod once,
// and loses no request. How the pods use the grace period is up to emulators.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { AppsV1Api } from "@kubernetes/client-node";
import { ROOT } from "../../sandbox/world/state";
import { InterStack, nodes, succeeded, Traffic, useNodes } from "../engine/kit/inter";

describe("a chart upgrade of option inter", () => {
    useNodes();
    const consumers = [{ name: "bob", credentials: [{ id: "b", method: "key" }] }];
    let stack: InterStack;
    let url: string;
    let key: string;
    let apps: AppsV1Api;

    const crds = ["apisix", "gateway-api"].map((group) => join(ROOT, "sandbox/crds", group, "*.yaml"));
    const configure = (answerTimeoutSeconds: number, tag: string) => {
        const { facts } = nodes().world;
        stack.configure({
            consumers,
            alpa: { endpoints: facts.alpas, answerTimeoutSeconds },
            gateway: {
                installer: "helm",
                crds,
                nodePort: stack.nodePort,
                address: "127.0.0.1",
                image: `apache/apisix:${tag}`,
                chartRepository: facts.chartRepository,
            },
        });
    };
    const deployment = async () =>
        (await apps.listDeploymentForAllNamespaces()).items.find((d) => d.metadata!.name === "apisix")!;
    const versions = async () => {
        const { items } = await apps.listReplicaSetForAllNamespaces();
        return items.filter((r) => r.metadata!.ownerReferences?.[0]?.name === "apisix").length;
    };
    const grace = async () => (await deployment()).spec!.template.spec!.terminationGracePeriodSeconds;

    before(async () => {
        apps = nodes().world.kubeConfig.makeApiClient(AppsV1Api);
        stack = await InterStack.create("upgrade", { consumers });
        configure(600, "3.18.0-ubuntu");
        succeeded(await stack.up());
        const outputs = await stack.outputs();
        url = outputs.url;
        key = outputs.credentials["bob/b"];
    });

    /** Runs `up` with another answer timeout and version while callers send requests. */
    const upgrade = async (answerTimeoutSeconds: number) => {
        const traffic = new Traffic(url, key);
        await traffic.underWay(3);
        configure(answerTimeoutSeconds, "3.17.0-ubuntu");
        succeeded(await stack.up());
        const { all, failed } = await traffic.end();
        assert.deepEqual(failed, [], `of ${all}`);
    };

    it("finds the grace period on the first pods", async () => {
        assert.equal(await grace(), 675);
    });

    it("keeps the grace period and restarts pods once, without a lost request", async () => {
        const before = await versions();
        await upgrade(600);
        assert.equal(await grace(), 675);
        assert.equal((await versions()) - before, 1);
        const again = succeeded(await stack.up());
        assert.doesNotMatch(again.stdout, /\d+ (created|updated|deleted|replaced)/);
    });

    it("sets the grace period for the new answer timeout", async () => {
        await upgrade(900);
        assert.equal(await grace(), 975);
        succeeded(await stack.destroy());
        assert.deepEqual(await stack.resources(), []);
    });
});
