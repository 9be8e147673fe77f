// Proves on which clusters a highly available gateway can be installed. The cluster is a fake. Engine tests use a real
// API server.
import { strict as assert } from "node:assert";
import { NO_FINDINGS } from "../../../preflight/findings";
import type { V1Node } from "@kubernetes/client-node";
import type { ObjectRef } from "../../../components/kubernetes/cluster-reader";
import { nodeState, type ClusterView, type NodeState } from "../../../preflight/kubernetes/cluster";
import { storageClass } from "../../../preflight/kubernetes/checks";
import { nodes, podNetworks } from "../../../preflight/kubernetes/nodes";
import { preflight } from "../../../preflight";
import { interSettings } from "../kit/inter";
import { settings } from "../kit/intra-a";

const asked: ObjectRef[] = [];
/** A cluster with these nodes. @param installed whether a gateway already exists */
function cluster(list: NodeState[], installed = false): ClusterView {
    const view: Partial<ClusterView> = {
        nodes: async () => list,
        read: async (ref) => {
            asked.push(ref);
            return installed ? { metadata: {} } : undefined;
        },
    };
    return view as ClusterView;
}
/** Result of the whole check, with enough nodes. */
const warned = async (stack: ReturnType<typeof interSettings>, view: ClusterView) => {
    const rest = { server: "x", version: async () => ({}), nodePorts: async () => [], read: async () => undefined };
    const gatewayTrouble = async () => undefined;
    const storageClasses = async () => [{ name: "a", isDefault: true }];
    const whole = { ...view, ...rest, gatewayTrouble, storageClasses, nodes: async () => fit("a", "b", "c") };
    return { warnings: await preflight(stack, "alpa-auth/test", () => whole) };
};
const fit = (...names: string[]): NodeState[] => names.map((name) => ({ name }));

describe("the check of the nodes", () => {
    it("passes with three that accept pods", async () =>
        assert.deepEqual(await nodes(interSettings("helm"), cluster(fit("a", "b", "c"))), {
            problems: [],
            warnings: [],
        }));

    it("reports what is missing for high availability, also on the nodes of Alpa", async () => {
        const gateway = { highAvailability: true, address: "llm.example.com", sharedCounters: {} };
        const { problems } = await nodes(settings("rampart", { gateway }), cluster(fit("dgx")));
        assert.match(problems.join("\n"), /^cluster: needs 3 Ready nodes that accept pods \(got dgx\)\. Add nodes/);
    });

    const short: [what: string, list: NodeState[], said: string][] = [
        ["one node", fit("a"), "a"],
        ["two nodes", fit("a", "b"), "a, b"],
        ["none", [], "none"],
        ["three of which one is cordoned", [...fit("a", "b"), { name: "c", unfit: "cordoned" }], "a, b, c: cordoned"],
    ];
    for (const [what, list, said] of short) {
        it(`installs nothing on ${what}`, async () => {
            const { problems, warnings } = await nodes(interSettings("rampart"), cluster(list));
            assert.deepEqual(problems, [
                `cluster: needs 3 Ready nodes that accept pods (got ${said}). Add nodes, or allow pods on the existing nodes. Check: kubectl describe nodes`,
            ]);
            assert.deepEqual(warnings, []);
        });

        it(`allows changes of an existing gateway on ${what}, with a warning`, async () => {
            asked.length = 0;
            const { problems, warnings } = await nodes(interSettings("rampart"), cluster(list, true));
            assert.deepEqual(problems, []);
            assert.equal(warnings.length, 1);
            assert.match(warnings[0], /needs 3 Ready nodes .* The gateway keeps running with fewer nodes/);
            assert.deepEqual(
                asked.map(({ kind, namespace, name }) => [kind, namespace, name]),
                [["Deployment", "alpa-auth-gateway-apisix", "apisix"]],
            );
        });
    }

    it("ignores a cluster that the stack itself creates", async () => {
        const settings = { ...interSettings("helm"), nodes: {} };
        assert.deepEqual(await nodes(settings, cluster(fit("a"))), { problems: [], warnings: [] });
    });

    it("requires no StorageClass that the stack itself creates, unless another one is named", async () => {
        const none = { ...cluster([]), storageClasses: async () => [] };
        const own = { ...interSettings("helm"), nodes: {} };
        assert.deepEqual(await storageClass(own, none), []);
        const named = { ...interSettings("helm", {}), nodes: own.nodes };
        named.gateway.release.storageClass = "fast";
        assert.equal((await storageClass(named, none)).length, 1);
    });

    const pools = (...cidrs: unknown[]) => ({
        ...cluster([]),
        list: async () => cidrs.map((cidr) => ({ metadata: { name: "pool" }, spec: { cidr } })),
    });
    it("warns about an Alpa service in a network of the pods, whose answers would not arrive", async () => {
        const settings = interSettings("helm");
        const found = await podNetworks(settings, pools("fd00::/64", "10.0.0.0/28", "10.9.0.0/16", 7));
        assert.deepEqual(
            found.warnings.map((text) => text.split(" (")[0]),
            [
                "alpa.endpoints[0]: 10.0.0.11 is in 10.0.0.0/28, a network of this cluster's pods",
                "alpa.endpoints[1]: 10.0.0.12 is in 10.0.0.0/28, a network of this cluster's pods",
            ],
        );
        const { warnings } = await warned(interSettings("helm"), pools("10.0.0.0/28"));
        assert.equal(warnings.filter((text) => text.startsWith("alpa.endpoints")).length, 2);
    });
    it("ignores networks that the cluster does not report, or that are elsewhere", async () => {
        const mute = { ...cluster([]), list: () => Promise.reject(new Error("forbidden")) };
        for (const view of [mute, pools(), pools("10.1.0.0/16")])
            assert.deepEqual(await podNetworks(interSettings("helm"), view), NO_FINDINGS);
    });

    it("reads nothing of a cluster for option intra-a", async () =>
        assert.deepEqual(await nodes(settings("helm"), cluster([])), { problems: [], warnings: [] }));
});

describe("a node", () => {
    const ready = { conditions: [{ type: "Ready", status: "True" }] };
    const cases: [what: string, node: Partial<V1Node>, unfit: string | undefined][] = [
        ["that is Ready accepts pods", { status: ready }, undefined],
        ["that is cordoned accepts none", { status: ready, spec: { unschedulable: true } }, "cordoned"],
        [
            "that is not Ready accepts none",
            { status: { conditions: [{ type: "Ready", status: "Unknown" }] } },
            "not Ready",
        ],
        ["without conditions accepts none", {}, "not Ready"],
        [
            "with a taint accepts none",
            { status: ready, spec: { taints: [{ key: "dedicated", effect: "NoSchedule" }] } },
            "taint dedicated",
        ],
        [
            "with a PreferNoSchedule taint accepts pods",
            { status: ready, spec: { taints: [{ key: "dedicated", effect: "PreferNoSchedule" }] } },
            undefined,
        ],
    ];
    for (const [what, node, unfit] of cases)
        it(what, () => assert.equal(nodeState({ metadata: { name: "a" }, ...node }).unfit, unfit));
});
