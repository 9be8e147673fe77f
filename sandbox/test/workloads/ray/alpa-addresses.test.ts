// Proves to which port of this machine the names and addresses of Alpa in pods resolve.
import assert from "node:assert/strict";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { alpaAddress } from "../../../workloads/ray/alpa-addresses";
import { snapshot } from "../kit";
import { rayPod } from "./kit";

const NAME = "alpa-opt.llm.svc.cluster.local";

function pod(ready: boolean): V1Pod {
    const head = rayPod({ name: "head", type: "head", node: "dgx-01" });
    head.status = { podIP: "10.1.0.7", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] };
    return head;
}

function service(spec: object = {}, name = "alpa-opt"): V1Service {
    const selector = { "ray.io/cluster": "alpa-opt", "ray.io/node-type": "head" };
    const ports = [{ port: 20001, targetPort: 20001 }];
    return {
        metadata: { name, namespace: "llm" },
        spec: { clusterIP: "10.152.183.9", selector, ports, ...spec },
    } as V1Service;
}

describe("Addresses of Alpa in the sandbox's cluster", () => {
    const at = (host: string, port = 20001, { ready = true, open = true, services = [service()] } = {}) =>
        alpaAddress(
            snapshot({ pods: [pod(ready)], services }),
            { emulates: () => true, alpaOf: () => (open ? 4711 : undefined) },
            host,
            port,
        );

    const reached: [why: string, port: number | undefined][] = [
        ["a Service's name", at(NAME)],
        ["a Service's address", at("10.152.183.9")],
        ["a pod's address", at("10.1.0.7")],
        [
            "a port that maps to another one",
            at(NAME, 80, { services: [service({ ports: [{ port: 80, targetPort: 20001 }] })] }),
        ],
        [
            "a headless Service that publishes pods that are not ready",
            at(NAME, 20001, {
                ready: false,
                services: [service({ clusterIP: "None", publishNotReadyAddresses: true })],
            }),
        ],
    ];
    for (const [why, port] of reached) it(`are ${why}`, () => assert.equal(port, 4711));

    const refused: [why: string, look: () => unknown][] = [
        ["no pod is ready", () => at(NAME, 20001, { ready: false })],
        ["Alpa's port is not open", () => at(NAME, 20001, { open: false })],
        ["the Service has no such port", () => at(NAME, 8000)],
        ["the pod has no such port", () => at("10.1.0.7", 8265)],
        ["the pod is deleted", () => at("10.1.0.8")],
        ["no Service has that address", () => at("10.152.183.77")],
    ];
    for (const [why, look] of refused)
        it(`refuse connections where ${why}`, () => assert.throws(look, /connection refused/));

    const others: [why: string, port: number | undefined][] = [
        ["outside of the cluster", at("127.0.0.1")],
        [
            "another owner's Service",
            at("redis.llm.svc.cluster.local", 6379, { services: [service({ selector: { app: "redis" } }, "redis")] }),
        ],
        ["no Service", at("absent.llm.svc.cluster.local")],
    ];
    for (const [why, port] of others) it(`have no port if they are ${why}`, () => assert.equal(port, undefined));
});
