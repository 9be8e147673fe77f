// Proves that a real program gets the variables that kubelet would give to its container.
import { strict as assert } from "node:assert";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { Snapshot } from "../../../workloads/cluster";
import { variablesOf } from "../../../workloads/pods/environment";

const pod = {
    metadata: { name: "etcd-0", namespace: "llm", uid: "u1" },
    spec: { containers: [] },
    status: { podIP: "10.1.0.4" },
} as V1Pod;
const now = {
    secrets: [
        { metadata: { name: "keys", namespace: "llm" }, data: { admin: Buffer.from("s3cret").toString("base64") } },
    ],
    configMaps: [{ metadata: { name: "values", namespace: "llm" }, data: { level: "warn" } }],
} as unknown as Snapshot;
const of = (env: V1Container["env"]) => variablesOf(pod, { name: "c", env }, now);

describe("variables of a container", () => {
    it("are plain, from Secrets, from ConfigMaps and from the pod", () => {
        assert.deepEqual(
            of([
                { name: "PLAIN", value: "a" },
                { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "admin" } } },
                { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "values", key: "level" } } },
                { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "URL", value: "http://$(POD).x:2379 $(NONE)" },
            ]),
            { PLAIN: "a", KEY: "s3cret", LEVEL: "warn", POD: "etcd-0", URL: "http://etcd-0.x:2379 $(NONE)" },
        );
    });

    it("omit an optional reference without a target, and reject a required one", () => {
        const ref = { name: "keys", key: "viewer" };
        assert.deepEqual(of([{ name: "KEY", valueFrom: { secretKeyRef: { ...ref, optional: true } } }]), {});
        assert.throws(
            () => of([{ name: "KEY", valueFrom: { secretKeyRef: ref } }]),
            /^Error: couldn't find key viewer of keys$/,
        );
    });

    it("reject what is unsupported", () => {
        const resource = { resource: "limits.cpu" };
        assert.throws(() => of([{ name: "CPU", valueFrom: { resourceFieldRef: resource } }]), /unsupported/);
        assert.throws(
            () => of([{ name: "IPS", valueFrom: { fieldRef: { fieldPath: "status.podIPs" } } }]),
            /unsupported by the sandbox: fieldRef status\.podIPs/,
        );
    });
});
