// Proves which port a real program reaches when it connects to the DNS name of a Service of the cluster.
import { strict as assert } from "node:assert";
import { serviceNames } from "../../workloads/service-names";
import { service, snapshot } from "./kit";

describe("names of the cluster for real programs", () => {
    const services = [
        service("etcd", "etcd:1", { port: 2379 }),
        service("apisix-admin", "apisix:1", { port: 9180 }),
        service("counters", "valkey:1", { port: 6379 }),
    ];
    const names = serviceNames({
        snapshot: () => snapshot({ services }),
        etcd: { behind: ({ metadata }) => (metadata!.name === "etcd" ? 1 : undefined) },
        gateways: { behindPort: ({ metadata }) => (metadata!.name === "apisix-admin" ? 2 : undefined) },
        others: (host) => (host === "counters.apisix.svc.cluster.local" ? 3 : undefined),
    });

    for (const [host, ports, port] of [
        ["etcd.apisix.svc.cluster.local", [2379], 1],
        ["apisix-admin.apisix.svc", [9180], 2],
        ["counters.apisix.svc.cluster.local", [6379], 3],
        ["counters.other.svc.cluster.local", undefined, undefined],
        ["counters.apisix", undefined, undefined],
        ["example.com", undefined, undefined],
    ] as const)
        it(`finds ${port === undefined ? "no endpoint" : "its emulator"} behind ${host}`, () => {
            assert.deepEqual(names.portsOf(host), ports);
            assert.equal(names.resolve(host, 1), port);
        });
});
