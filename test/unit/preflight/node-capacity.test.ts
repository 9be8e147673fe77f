// Proves which nodes are reported as too small for the component's pods. The cluster here is a fake.
import { strict as assert } from "node:assert";
import type { Live } from "../../../components/kubernetes/cluster-reader";
import { quantity } from "../../../components/kubernetes/quantity";
import { nodeProblems } from "../../../preflight/alpa/node-resources";
import { intraBSettings } from "../kit/intra-b";
import { node, view } from "./conversion-kit";

const found = (first: Live, pods: Live[] = []) =>
    nodeProblems(intraBSettings(), view({ lists: { Node: [first, node("dgx-02", "8")], Pod: pods } }));
const ofNode = (more: Partial<Live>) => node("dgx-01", "8", more);
const has = (allocatable: Record<string, string>) =>
    ofNode({ status: { allocatable: { "nvidia.com/gpu": "8", ...allocatable } } as unknown as Live["status"] });
const tainted = (key: string, effect: string) => ofNode({ spec: { taints: [{ key, effect }] } });
const pod = (namespace: string, name: string, requests: Record<string, string>, more: Partial<Live> = {}): Live => ({
    metadata: { namespace, name },
    spec: { nodeName: "dgx-01", containers: [{ resources: { requests } }] },
    ...more,
});

describe("preflight of the nodes' capacity", () => {
    const refused: [why: string, first: Live, pods: Live[], said: RegExp][] = [
        [
            "a node that is cordoned",
            ofNode({ spec: { unschedulable: true } }),
            [],
            /^opt\.nodes: dgx-01 does not accept the component's pods \(cordoned\)\. .*: kubectl describe node dgx-01$/,
        ],
        [
            "a node that is not Ready",
            ofNode({ status: { conditions: [{ type: "Ready", status: "Unknown" }] } as Live["status"] }),
            [],
            /^opt\.nodes: dgx-01 does not accept the component's pods \(not Ready\)/,
        ],
        [
            "a taint that the pods do not tolerate",
            tainted("maintenance", "NoSchedule"),
            [],
            /^opt\.nodes: dgx-01 does not accept the component's pods \(taint maintenance\)/,
        ],
        ["a taint for GPUs that evicts pods", tainted("nvidia.com/gpu", "NoExecute"), [], /\(taint nvidia\.com\/gpu\)/],
        [
            "a node that is too small",
            has({ cpu: "15500m", memory: "2Ti" }),
            [],
            /^opt\.cpu: dgx-01 has less than 16 free, since other pods request 0 of its 15\.5\. .*$/,
        ],
        [
            "memory that other pods have requested",
            has({ cpu: "256", memory: "256Gi" }),
            [pod("jobs", "small", { memory: "512Mi" }), pod("jobs", "big", { memory: "64Gi", cpu: "1" })],
            /^opt\.memory: dgx-01 has less than 200Gi free, since other pods request 64\.5Gi of its 256Gi \(jobs\/big 64Gi, jobs\/small 0\.5Gi\)/,
        ],
    ];
    for (const [why, first, pods, said] of refused)
        it(`rejects ${why}`, async () => {
            const all = await found(first, pods);
            assert.equal(all.length, 1, all.join("\n"));
            assert.match(all[0], said);
        });

    it("accepts nodes reserved for GPUs, nodes just large enough, and nodes with the stack's own pods", async () => {
        assert.deepEqual(await found(tainted("nvidia.com/gpu", "NoSchedule")), []);
        assert.deepEqual(await found(tainted("busy", "PreferNoSchedule")), []);
        assert.deepEqual(await found(has({ cpu: "16", memory: "200Gi" })), []);
        const own = { metadata: { namespace: "alpa-auth", name: "head", labels: { "ray.io/cluster": "alpa-opt" } } };
        const ended = { status: { phase: "Succeeded" } as Live["status"] };
        const pods = [pod("", "", { cpu: "16" }, own), pod("jobs", "done", { cpu: "16" }, ended)];
        assert.deepEqual(await found(has({ cpu: "16", memory: "200Gi" }), pods), []);
        assert.deepEqual(await found(has({ cpu: "17", memory: "201Gi" }), [pod("a", "b", { cpu: "1" })]), []);
    });

    it("names only the pods with the largest requests", async () => {
        const pods = [1, 2, 3, 4, 5].map((cpu) => pod("jobs", `job-${cpu}`, { cpu: `${cpu}` }));
        const [said] = await found(has({ cpu: "16", memory: "2Ti" }), pods);
        assert.match(said, /request 15 of its 16 \(jobs\/job-5 5, jobs\/job-4 4, jobs\/job-3 3, …\)/);
    });
});

describe("a Kubernetes quantity", () => {
    const read: [text: string | undefined, is: number][] = [
        [undefined, 0],
        ["8", 8],
        ["1.5", 1.5],
        ["15500m", 15.5],
        ["200Gi", 200 * 2 ** 30],
        ["2113535152Ki", 2113535152 * 1024],
        ["2T", 2e12],
        ["12e3", 12000],
        ["1E", 1e18],
        ["1Ei", 2 ** 60],
    ];
    for (const [text, is] of read) it(`${text} is ${is}`, () => assert.equal(quantity(text), is));
});
