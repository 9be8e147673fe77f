// Proves the requirements and settings of options intra-a and intra-b with a gateway that survives the loss of a node.
import { strict as assert } from "node:assert";
import { node, SSH } from "../../kit/cluster-nodes";
import { parseIntra, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const GATEWAY = { highAvailability: true, address: "llm.example.com" };
const release = (gateway: object) => {
    const settings = parseIntra(raw({ gateway }));
    assert.ok(settings.gateway.installer !== "existing");
    return settings.gateway.release;
};

const refused: Refused[] = [
    [
        "fewer replicas, no address, and limits that each pod would count on its own, all at once",
        { gateway: { highAvailability: true, replicas: 2 }, limits: { requests: 60, perSeconds: 60 } },
        /^gateway\.address: required with exposure direct/,
        /^gateway\.replicas: must be at least 3 with gateway\.highAvailability \(got 2\)/,
        /^gateway\.sharedCounters: required with limits and more than one replica \(got 2\)/,
    ],
    [
        "fewer nodes than the loss of a node requires",
        { gateway: GATEWAY, cluster: { nodes: [node(1), node(2)] }, ssh: SSH },
        /^cluster\.nodes: must have at least 3 nodes/,
    ],
    [
        "a gateway that this stack does not install",
        {
            gateway: {
                ...{ highAvailability: true, installer: "existing" },
                existing: { ingressClass: "a", gateway: "a/a", url: "http://llm.example.com" },
            },
        },
        /^gateway\.highAvailability: only valid for a gateway that this stack installs/,
    ],
];

describe("option intra-a with gateway.highAvailability", () => {
    itRefuses(refused, (values) => problemsOf(() => parseIntra(raw(values))));

    it("has three replicas, or more, and pods that finish the longest answer", () => {
        const { replicas, availability } = release(GATEWAY);
        assert.deepEqual([replicas, availability], [3, { answerTimeoutSeconds: 600 }]);
        assert.equal(release({ ...GATEWAY, replicas: 5 }).replicas, 5);
    });

    it("is off by default", () => {
        const { replicas, availability } = release({});
        assert.deepEqual([replicas, availability], [1, undefined]);
    });
});
