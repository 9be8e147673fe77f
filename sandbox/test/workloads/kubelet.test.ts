/** Proves that a pod of the sandbox does not start where a real kubelet would not start it. */
import type { V1Container, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { answers } from "../../workloads/admit";
import { missing, type Missing, type Supplies } from "../../workloads/kubelet";
import { pod, service, snapshot } from "./kit";

const APISIX = "apache/apisix:3.18.0-ubuntu";

const supplies: Supplies = {
    secrets: new Map([["ns/keys", { admin: "a" }]]),
    configMaps: new Map([["ns/config", { "config.yaml": "" }]]),
    boundClaims: new Set(["ns/bound"]),
    reachable: (namespace, host, port) => namespace === "ns" && host === "etcd.ns.svc.cluster.local" && port === 2379,
};

function look(container: Partial<V1Container>, spec: Partial<V1PodSpec> = {}): Missing | undefined {
    const containers = [{ name: "main", image: APISIX, ...container }];
    return missing({ metadata: { name: "pod", namespace: "ns" }, spec: { containers, ...spec } } as V1Pod, supplies);
}

function fromSecret(name: string, key: string, optional?: boolean): Partial<V1Container> {
    return { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name, key, optional } } }] };
}

const config = (reason: string, message: string) => ({ container: "main", reason, message });
const volume = (reason: string) => ({
    reason: "ContainerCreating",
    message: `MountVolume.SetUp failed for volume "v" : ${reason}`,
});

describe("Kubelet of the sandbox", () => {
    const started: [why: string, found: Missing | undefined][] = [
        ["needs nothing", look({})],
        ["finds its key", look(fromSecret("keys", "admin"))],
        ["has an optional reference to a missing Secret", look(fromSecret("none", "admin", true))],
        [
            "has an optional reference to a missing volume",
            look({}, { volumes: [{ name: "v", secret: { secretName: "none", optional: true } }] }),
        ],
        [
            "finds its volumes",
            look(
                {},
                { volumes: [{ name: "v", configMap: { name: "config", items: [{ key: "config.yaml", path: "x" }] } }] },
            ),
        ],
        ["has a bound claim", look({}, { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "bound" } }] })],
    ];
    for (const [why, found] of started) it(`starts a pod that ${why}`, () => assert.equal(found, undefined));

    const held: [why: string, found: Missing | undefined, expected: object][] = [
        [
            "whose Secret is missing",
            look(fromSecret("none", "admin")),
            config("CreateContainerConfigError", 'secret "none" not found'),
        ],
        [
            "whose Secret lacks a key, for example the viewer's",
            look(fromSecret("keys", "viewer")),
            config("CreateContainerConfigError", "couldn't find key viewer in Secret ns/keys"),
        ],
        [
            "with a whole ConfigMap as variables",
            look({ envFrom: [{ configMapRef: { name: "config" } }] }),
            config("CreateContainerConfigError", "unsupported by the sandbox: envFrom"),
        ],
        [
            "whose Secret volume is missing",
            look({}, { volumes: [{ name: "v", secret: { secretName: "none" } }] }),
            volume('secret "none" not found'),
        ],
        [
            "whose volume names a key that is missing",
            look(
                {},
                { volumes: [{ name: "v", secret: { secretName: "keys", items: [{ key: "viewer", path: "x" }] } }] },
            ),
            volume("references non-existent secret key: viewer"),
        ],
        [
            "whose projected ConfigMap is missing",
            look({}, { volumes: [{ name: "v", projected: { sources: [{ configMap: { name: "none" } }] } }] }),
            volume('configmap "none" not found'),
        ],
        [
            "whose claim has no volume",
            look({}, { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "unbound" } }] }),
            { reason: "ContainerCreating", message: "pod has unbound immediate PersistentVolumeClaims (unbound)" },
        ],
    ];
    it("runs a real APISIX that does not listen yet, and keeps its pod not ready", () => {
        const spec = { containers: [{ name: "main", image: APISIX }] };
        const waits = (listens: boolean) =>
            missing({ metadata: { name: "pod", namespace: "ns" }, spec }, { ...supplies, listens: () => listens });
        assert.deepEqual(waits(false), {
            reason: "ContainerCreating",
            message: "Readiness probe failed: dial tcp: connect: connection refused",
            runs: true,
        });
        assert.equal(waits(true), undefined);
    });

    it("does not start APISIX with a preStop that it does not emulate", () => {
        const exec = { command: ["/bin/sh", "-c", "nginx -s quit"] };
        const found = look({ lifecycle: { preStop: { exec } } });
        assert.equal(found?.reason, "CreateContainerError");
        assert.match(found.message, /unsupported by the sandbox: a preStop other than a sleep/);
    });

    it("does not start APISIX with a profile whose file does not exist", () => {
        const found = look({ env: [{ name: "APISIX_PROFILE", value: "own" }] });
        assert.match(found?.message ?? "", /config-own.yaml: no such file/);
    });

    for (const [why, found, expected] of held) it(`holds a pod ${why}`, () => assert.deepEqual(found, expected));

    const images = ["apache/apisix:3.16.0-ubuntu", "nginx:1.27"];
    for (const image of images) it(`cannot pull ${image}`, () => assert.equal(look({ image })?.reason, "ErrImagePull"));
});

describe("Services of the sandbox", () => {
    const etcd = (ready: boolean) =>
        snapshot({ pods: [pod({ image: "etcd:3", ready })], services: [service("etcd", "etcd:3", { port: 2379 })] });
    const cases: [why: string, answers: boolean, expected: boolean][] = [
        ["answer by their full name", answers(etcd(true), "x", "etcd.apisix.svc.cluster.local", 2379), true],
        ["answer by their short name inside their namespace", answers(etcd(true), "apisix", "etcd", 2379), true],
        ["do not answer by their short name elsewhere", answers(etcd(true), "x", "etcd", 2379), false],
        ["do not answer on another port", answers(etcd(true), "apisix", "etcd", 2380), false],
        ["do not answer while no pod is ready", answers(etcd(false), "apisix", "etcd", 2379), false],
    ];
    for (const [why, found, expected] of cases) it(why, () => assert.equal(found, expected));
});
