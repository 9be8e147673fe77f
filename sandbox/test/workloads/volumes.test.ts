/** Proves which claims get a volume, and that a volume is deleted with its claim. */
import type { V1PersistentVolume, V1PersistentVolumeClaim } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { createDefaultClass, provision } from "../../workloads/volumes";
import { snapshot, writtenDown } from "./kit";

const storageClasses = [{ metadata: { name: "rampart" }, provisioner: "x" }];

function claim(storageClassName: string | undefined, phase = "Pending"): V1PersistentVolumeClaim {
    const spec = { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "8Gi" } } };
    return { metadata: { name: "data", namespace: "ns", uid: "u" }, spec, status: { phase } };
}

async function written(claims: V1PersistentVolumeClaim[], volumes: V1PersistentVolume[] = []) {
    const { cluster, writes } = writtenDown();
    await provision(cluster, snapshot({ claims, volumes, storageClasses }));
    return writes;
}

describe("Volumes of the sandbox", () => {
    it("are created for a claim of an existing class, with its size and only for it", async () => {
        const [[what, body], ...more] = await written([claim("rampart")]);
        assert.equal(what, "apply /api/v1/persistentvolumes/pvc-u");
        const { spec } = body as Required<V1PersistentVolume>;
        assert.equal(spec.storageClassName, "rampart");
        assert.equal(spec.capacity?.storage, "8Gi");
        assert.equal(spec.claimRef?.uid, "u");
        assert.deepEqual(more, []);
    });

    it("are not created for a claim of a misspelt class", async () =>
        assert.deepEqual(await written([claim("rampatr")]), []));
    it("are not created for a claim without a class", async () =>
        assert.deepEqual(await written([claim(undefined)]), []));
    it("are not created twice", async () => {
        assert.deepEqual(await written([claim("rampart")], [{ metadata: { name: "pvc-u" } }]), []);
        assert.deepEqual(await written([claim("rampart", "Bound")]), []);
    });

    it("are deleted when their claim is deleted", async () => {
        const released = { metadata: { name: "pvc-u" }, status: { phase: "Released" } };
        assert.deepEqual(await written([], [released]), [["DELETE /api/v1/persistentvolumes/pvc-u"]]);
    });

    it("have a default class, like in MicroK8s", async () => {
        const { cluster, writes } = writtenDown();
        await createDefaultClass(cluster);
        assert.match(JSON.stringify(writes), /microk8s-hostpath.*is-default-class":"true"/);
    });
});
