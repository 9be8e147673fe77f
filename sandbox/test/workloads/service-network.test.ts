// Proves which pod a name or an address of the cluster resolves to.
import { strict as assert } from "node:assert";
import { ServiceNetwork } from "../../workloads/service-network";
import { pod, service, snapshot } from "./kit";

const VALKEY = "valkey/valkey:8";
const ports = [{ name: "redis", containerPort: 6379 }];
const of = (uid: string, more: object = {}) => {
    const made = pod({ image: VALKEY, uid, ports, ...more });
    return { ...made, status: { ...made.status, podIP: `10.1.0.${uid}` } };
};

describe("Services and pods of the sandbox's network", () => {
    const counters = service("counters", VALKEY, { port: 80, targetPort: "redis" });
    counters.spec!.clusterIP = "10.152.183.7";
    const network = (pods: ReturnType<typeof of>[], reachable = true) =>
        new ServiceNetwork({
            snapshot: () => snapshot({ pods, services: [counters] }),
            portOf: ({ metadata }, port) => (port === 6379 ? Number(metadata!.uid) : undefined),
            reachable: () => reachable,
        });
    const both = network([of("1"), of("2", { created: 60 })]);
    const name = "counters.apisix.svc.cluster.local";

    const found: [what: string, host: string, port: number, expected: number | undefined][] = [
        ["a name to the youngest ready pod", name, 80, 2],
        ["an address of a Service to the same pod", "10.152.183.7", 80, 2],
        ["an address of a pod to that pod", "10.1.0.1", 6379, 1],
        ["any other host to itself", "127.0.0.1", 80, undefined],
    ];
    for (const [what, host, port, expected] of found)
        it(`resolve ${what}`, () => assert.equal(both.resolve(host, port), expected));

    const refused: [what: string, network: ServiceNetwork, host: string, port: number, said: RegExp][] = [
        ["another namespace", both, "counters.llm.svc.cluster.local", 80, /no such host/],
        ["another port", both, name, 81, /connection refused/],
        ["an address without a pod", both, "10.1.0.9", 6379, /connection refused/],
        ["a pod that is not ready", network([of("1", { ready: false })]), name, 80, /connection refused/],
        ["a node that is cut off", network([of("1")], false), name, 80, /connection refused/],
    ];
    for (const [what, network, host, port, said] of refused)
        it(`do not resolve to ${what}`, () => assert.throws(() => network.resolve(host, port), said));
});
