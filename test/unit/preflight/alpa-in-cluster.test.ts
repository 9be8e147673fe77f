// Proves what the component requires from the cluster and its nodes, and when a missing requirement stops a run. The cluster is a
// fake. Engine tests use a real API server.
import { strict as assert } from "node:assert";
import type { Live, ObjectRef } from "../../../components/kubernetes/cluster-reader";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";
import type { Phase } from "../../../components/opt/conversion-phases";
import { componentFindings } from "../../../preflight/alpa/alpa-in-cluster";
import { settings } from "../kit/intra-a";
import { intraBSettings, RAMPART_OPT } from "../kit/intra-b";
import { quantity } from "../../../components/kubernetes/quantity";
import { nodeProblems } from "../../../preflight/alpa/node-resources";

interface World {
    objects?: Record<string, Live>;
    lists?: Record<string, Live[]>;
}

function view({ objects = {}, lists = {} }: World): ClusterView {
    const title = ({ kind, namespace, name }: ObjectRef) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
    return {
        server: "https://10.0.0.1:16443",
        kubectl: "kubectl --context here",
        read: async (ref: ObjectRef) => objects[title(ref)],
        list: async (_version: string, kind: string) => lists[kind] ?? [],
    } as ClusterView;
}

/** A DGX node that accepts pods. @param more fields that override the node's */
const node = (name: string, gpus?: string, more: Partial<Live> = {}): Live => ({
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    ...more,
    status: {
        conditions: [{ type: "Ready", status: "True" }],
        allocatable: { cpu: "256", memory: "2113535152Ki", ...(gpus === undefined ? {} : { "nvidia.com/gpu": gpus }) },
        ...more.status,
    } as Live["status"],
});

const CRD = "CustomResourceDefinition rayclusters.ray.io";
const KNOWN = { spec: { versions: [{ schema: { upgradeStrategy: {} } }] } } as unknown as Live;
const CLAIM = "PersistentVolumeClaim alpa-auth/opt-weights";

const gpuPod = (namespace: string, name: string, nodeName: string | undefined, gpus: number, labels = {}): Live => ({
    metadata: { namespace, name, labels },
    spec: { nodeName, containers: [{ resources: { requests: { "nvidia.com/gpu": `${gpus}` } } }] },
});
const claim = (phase: string, ...accessModes: string[]): Live => ({ spec: { accessModes }, status: { phase } });
const BOUND = claim("Bound", "ReadOnlyMany");
const GOOD: World = {
    objects: { [CLAIM]: BOUND, [CRD]: KNOWN },
    lists: { Node: [node("dgx-01", "8"), node("dgx-02", "8")] },
};

describe("preflight of the component", () => {
    const found = (world: World, opt = {}, values = {}) =>
        componentFindings(intraBSettings(values, opt), view({ ...GOOD, ...world })).then((all) =>
            all.map(({ text }) => text),
        );

    it("accepts nodes with the GPUs, existing weights, and an operator to install or an existing one", async () => {
        assert.deepEqual(await found({}), []);
        assert.deepEqual(await found({ objects: { [CLAIM]: BOUND } }), [], "the operator brings its CRDs");
        assert.deepEqual(await found({}, { operator: "existing" }), []);
        assert.deepEqual(await componentFindings(settings("rampart"), view({})), [], "nothing is read for intra-a");
    });

    const refused: [why: string, world: World, opt: object, said: RegExp][] = [
        [
            "a node that does not exist",
            { lists: { Node: [node("dgx-01", "8")] } },
            {},
            /^opt\.nodes: dgx-02 is not a node of the cluster\. Correct/,
        ],
        [
            "fewer GPUs than requested",
            { lists: { Node: [node("dgx-01", "8"), node("dgx-02", "4")] } },
            {},
            /^opt\.gpusPerNode: dgx-02 has less than 8 free, since other pods request 0 of its 4\./,
        ],
        [
            "a claim that does not exist",
            { objects: { [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: PersistentVolumeClaim alpa-auth\/opt-weights does not exist/,
        ],
        [
            "a claim without a volume",
            { objects: { [CLAIM]: claim("Pending", "ReadOnlyMany"), [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: .* is not bound to the volume that holds the weights \(phase Pending\)/,
        ],
        [
            "a volume of one node for several",
            { objects: { [CLAIM]: claim("Bound", "ReadWriteOnce"), [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: .* has access mode ReadWriteOnce, but the 2 nodes of opt\.nodes need ReadOnlyMany or ReadWriteMany/,
        ],
        [
            "GPUs that other pods have requested",
            { lists: { ...GOOD.lists, Pod: [gpuPod("jobs", "train", "dgx-02", 2), gpuPod("jobs", "x", "dgx-02", 1)] } },
            {},
            /^opt\.gpusPerNode: dgx-02 has less than 8 free, since other pods request 3 of its 8 \(jobs\/train 2, jobs\/x 1\)/,
        ],
        [
            "an operator that does not exist",
            { objects: { [CLAIM]: BOUND } },
            { operator: "existing" },
            /^opt\.operator: CustomResourceDefinition rayclusters\.ray\.io does not exist\. Install KubeRay/,
        ],
        [
            "a RuntimeClass that does not exist",
            {},
            { runtimeClass: "nvidia" },
            /^opt\.runtimeClass: RuntimeClass nvidia does not exist/,
        ],
    ];
    for (const [why, world, opt, said] of refused)
        it(`rejects ${why}`, async () => {
            const all = await found(world, opt);
            assert.equal(all.length, 1, all.join("\n"));
            assert.match(all[0], said);
        });

    it("accepts a volume that one node may mount, if Alpa has one node", async () => {
        const objects = { [CLAIM]: claim("Bound", "ReadWriteOnce"), [CRD]: KNOWN };
        assert.deepEqual(await found({ objects }, { nodes: ["dgx-01"], model: "alpa/opt-66b" }), []);
    });

    for (const mode of ["ReadOnlyMany", "ReadWriteMany"])
        it(`accepts a volume with access mode ${mode} for two nodes`, async () =>
            assert.deepEqual(await found({ objects: { [CLAIM]: claim("Bound", mode), [CRD]: KNOWN } }), []));

    it("counts no GPUs of its own pods, of pods that have ended, or of other nodes, and accepts GPUs that are left over", async () => {
        const own = gpuPod("alpa-auth", "alpa-opt-head", "dgx-01", 8, { "ray.io/cluster": "alpa-opt" });
        const ended = ["Succeeded", "Failed"].map((phase) => ({
            ...gpuPod("jobs", phase.toLowerCase(), "dgx-01", 8),
            status: { phase },
        }));
        const pods = [own, ...ended, gpuPod("jobs", "elsewhere", "dgx-09", 8), gpuPod("jobs", "waits", undefined, 8)];
        assert.deepEqual(await found({ lists: { ...GOOD.lists, Pod: pods } }), []);
        const half = { lists: { ...GOOD.lists, Pod: [gpuPod("jobs", "half", "dgx-01", 4)] } };
        assert.deepEqual(await found(half, { gpusPerNode: 4, model: "alpa/opt-66b" }), []);
        const ofRampart = gpuPod("alpa-auth-opt-ray", "head", "dgx-01", 8);
        assert.deepEqual(await found({ lists: { ...GOOD.lists, Pod: [ofRampart] } }, RAMPART_OPT), []);
    });

    it("stops a conversion before Alpa moves, but no return and no run after it: a broken component is a reason to go back", async () => {
        const attempt = { number: 1, to: "intra-a", by: "ada@ops", pid: 1, at: "2026-11-30T12:00:00.000Z" };
        const cordoned = { Node: [node("dgx-01", "8", { spec: { unschedulable: true } }), node("dgx-02", "8")] };
        for (const world of [{ objects: { [CRD]: KNOWN } }, { lists: cordoned }]) {
            const found = async (phase: Phase, convert = {}) => {
                const settings = intraBSettings({}, {}, { phase, ...convert });
                const found = await componentFindings(settings, view({ ...GOOD, ...world }));
                return [found.filter(({ stops }) => stops).length, found.filter(({ stops }) => !stops).length];
            };
            for (const phase of ["prepared", "closed"] as const) {
                assert.deepEqual(await found(phase), [1, 0], phase);
                assert.deepEqual(await found(phase, { attempt }), [0, 1], `back to ${phase}`);
            }
            for (const phase of ["moved", "open"] as const) assert.deepEqual(await found(phase), [0, 1], phase);
        }
    });
});

const problemsOf = (first: Live, pods: Live[] = []) =>
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
            const all = await problemsOf(first, pods);
            assert.equal(all.length, 1, all.join("\n"));
            assert.match(all[0], said);
        });

    it("accepts nodes reserved for GPUs, nodes just large enough, and nodes with the stack's own pods", async () => {
        assert.deepEqual(await problemsOf(tainted("nvidia.com/gpu", "NoSchedule")), []);
        assert.deepEqual(await problemsOf(tainted("busy", "PreferNoSchedule")), []);
        assert.deepEqual(await problemsOf(has({ cpu: "16", memory: "200Gi" })), []);
        const own = { metadata: { namespace: "alpa-auth", name: "head", labels: { "ray.io/cluster": "alpa-opt" } } };
        const ended = { status: { phase: "Succeeded" } as Live["status"] };
        const pods = [pod("", "", { cpu: "16" }, own), pod("jobs", "done", { cpu: "16" }, ended)];
        assert.deepEqual(await problemsOf(has({ cpu: "16", memory: "200Gi" }), pods), []);
        assert.deepEqual(await problemsOf(has({ cpu: "17", memory: "201Gi" }), [pod("a", "b", { cpu: "1" })]), []);
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
