// Proves the requirements and settings of options intra-a and intra-b with a gateway that survives the loss of a node.
import { strict as assert } from "node:assert";
import { parse, type ConfigError } from "../../../../config";

const CONFIG = {
    option: "intra-a",
    alpa: { endpoints: ["10.20.96.188:20001"] },
    gateway: { highAvailability: true, address: "llm.example.com" },
    consumers: [{ name: "nlp", credentials: [{ id: "a", method: "key" }] }],
};
const read = (config: object) =>
    parse(
        Object.fromEntries(
            Object.entries({ ...CONFIG, ...config }).map(([key, value]) => [
                key,
                typeof value === "string" ? value : JSON.stringify(value),
            ]),
        ),
    );
const problems = (config: object) => {
    try {
        read(config);
    } catch (error) {
        return (error as ConfigError).problems;
    }
    return [];
};
const release = (config: object) => {
    const settings = read(config);
    assert.ok(settings.option === "intra-a" && settings.gateway.installer !== "existing");
    return settings.gateway.release;
};

describe("option intra-a with gateway.highAvailability", () => {
    it("has three replicas, or more, and pods that finish the longest answer", () => {
        const { replicas, availability } = release({});
        assert.deepEqual([replicas, availability], [3, { answerTimeoutSeconds: 600 }]);
        assert.equal(release({ gateway: { ...CONFIG.gateway, replicas: 5 } }).replicas, 5);
    });

    it("is off by default", () => {
        const { replicas, availability } = release({ gateway: {} });
        assert.deepEqual([replicas, availability], [1, undefined]);
    });

    it("rejects fewer replicas, no address, and limits that each pod would count on its own, all at once", () => {
        const found = problems({
            gateway: { highAvailability: true, replicas: 2 },
            limits: { requests: 60, perSeconds: 60 },
        });
        assert.equal(found.length, 3, found.join("\n"));
        assert.ok(
            found.some((one) =>
                one.startsWith("gateway.replicas: must be at least 3 with gateway.highAvailability (got 2)"),
            ),
        );
        assert.ok(found.some((one) => one.startsWith("gateway.address: required with exposure direct")));
        assert.ok(
            found.some((one) =>
                one.startsWith("gateway.sharedCounters: required with limits and more than one replica (got 2)"),
            ),
        );
    });

    it("rejects fewer nodes than the loss of a node requires", () => {
        const host = (n: number) => ({
            address: `10.20.97.${n}`,
            hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVXgVjyTOO4wh4jlRQ0OObN6nKIYhYyQnfBpiDNnyTF",
        });
        const found = problems({ cluster: { nodes: [host(1), host(2)] } });
        assert.ok(
            found.some((one) => one.startsWith("cluster.nodes: must have at least 3 nodes")),
            found.join("\n"),
        );
    });

    it("is only valid for a gateway that this stack installs", () => {
        const existing = { ingressClass: "a", gateway: "a/a", url: "http://llm.example.com" };
        const found = problems({ gateway: { highAvailability: true, installer: "existing", existing } });
        assert.deepEqual(
            found.map((one) => one.split(" (")[0]),
            ["gateway.highAvailability: only valid for a gateway that this stack installs"],
        );
    });
});
