import { strict as assert } from "node:assert";
import { accessOf } from "../../../../ops/stack/cluster";
import type { Context } from "../../../../ops/context";
import type { ReadStack } from "../../../../ops/stack/settings";
import { fakeApi } from "../../kit/fake-api";
import { KUBECONFIG, settings } from "../../kit/intra-a";

const stack = {
    name: "intra",
    file: "Pulumi.intra.yaml",
    settings: settings("helm", { cluster: { kubeconfig: KUBECONFIG } }),
};

/** Access to a cluster with this UID, of a stack that has recorded another UID, or none. */
async function access(uid: string | number, recorded?: string) {
    const { kubeconfig } = await fakeApi((path) => {
        if (!path.endsWith("/namespaces/kube-system")) return undefined;
        return typeof uid === "number" ? uid : { kind: "Namespace", metadata: { name: "kube-system", uid } };
    });
    const cluster = { id: recorded, at: "https://recorded", by: "KUBECONFIG" };
    const pulumi: Context["pulumi"] = async ([command]) => {
        if (command === "config") return { code: 0, stdout: kubeconfig, stderr: "" };
        const outputs = recorded === undefined ? {} : { identity: { cluster } };
        return { code: 0, stdout: JSON.stringify(outputs), stderr: "" };
    };
    return accessOf({ pulumi } as Context, stack as ReadStack);
}

describe("the access of commands to the cluster of a stack", () => {
    it("is to the cluster of the last update", async () =>
        assert.match((await access("a", "a")).kubeconfig!, /"clusters"/));

    it("is any cluster before the first update", async () => assert.ok(await access("a")));

    it("is rejected for another cluster", async () =>
        assert.rejects(
            access("b", "a"),
            /cluster: http:\S+ \(b\) is not the one of this stack, https:\/\/recorded \(a\)/,
        ));

    it("is rejected if the cluster may not be identified", async () =>
        assert.rejects(access(403, "a"), /namespace kube-system must be readable \(status 403\)/));
});
