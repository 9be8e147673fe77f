// Proves what a conversion may not do, and what it stands on. The cluster here is a fake; a real one is asked on the engine.
import { strict as assert } from "node:assert";
import type { GatewayClusterArgs } from "../../../components/gateway-cluster";
import type { Live, ObjectRef } from "../../../components/parts/cluster-reader";
import { PHASES, type Stage } from "../../../components/parts/conversion-phases";
import { OWNER_ANNOTATION } from "../../../components/parts/ownership";
import type { ClusterView } from "../../../preflight/cluster";
import { attemptOf, conversion } from "../../../preflight/conversion";
import { component, componentOnItsWay } from "../../../preflight/opt";
import { plannedObjects } from "../../../preflight/planned";
import { intraBSettings, intraBValues, RAMPART_OPT, recordIntraB } from "../intra-b";
import { CONSUMERS, kubernetesObjects, settings } from "../intra-a";

const OWN = "alpa-auth/test";
const CRD = "CustomResourceDefinition rayclusters.ray.io";
const KNOWN = { spec: { versions: [{ schema: { upgradeStrategy: {} } }] } } as unknown as Live;
const CLAIM = "PersistentVolumeClaim alpa-auth/opt-weights";

interface World {
    /** Fields of the record. */
    record?: Record<string, string>;
    objects?: Record<string, Live>;
    lists?: Record<string, Live[]>;
}
const node = (name: string, gpus?: string): Live =>
    ({
        metadata: { name, labels: { "kubernetes.io/hostname": name } },
        status: { allocatable: gpus === undefined ? {} : { "nvidia.com/gpu": gpus } },
    }) as Live;
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

function view({ record, objects = {}, lists = {} }: World): ClusterView {
    const title = ({ kind, namespace, name }: ObjectRef) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
    return {
        server: "https://10.0.0.1:16443",
        read: async (ref: ObjectRef) => (ref.kind === "ConfigMap" && record ? { data: record } : objects[title(ref)]),
        list: async (_version: string, kind: string) => lists[kind] ?? [],
    } as ClusterView;
}
const callers = intraBSettings().conversion.callers;
const to = (phase: Stage, values = {}, convert = {}) =>
    phase === "intra-a" ? settings("rampart", values) : intraBSettings(values, {}, { phase, ...convert });
const problems = (wanted: Stage, record: World["record"], values = {}, convert = {}, world: World = {}) =>
    conversion(to(wanted, values, convert), view({ ...world, record }), OWN, new Date("2026-11-30T12:00:00Z"));

describe("preflight of a conversion", () => {
    const steps: [from: Stage, to: Stage][] = [
        ["intra-a", "prepare"],
        ["prepare", "prepare"],
        ["prepare", "drain"],
        ["prepare", "intra-a"],
        ["switch", "start"],
        ["verify", "stop"],
        ["done", "switch"],
    ];
    const reached = (phase: Stage) => (phase === "intra-a" ? undefined : { phase, going: phase, callers });
    for (const [from, wanted] of steps)
        it(`lets it go from ${from} to ${wanted}`, async () =>
            assert.deepEqual(await problems(wanted, reached(from)), []));

    const skipped: [from: Stage, to: Stage, said: RegExp][] = [
        [
            "intra-a",
            "drain",
            /^convert\.phase: must go one step at a time \(got drain, and the last run reached intra-a\)\. Set it to prepare\.$/,
        ],
        ["prepare", "stop", /Set it to prepare or drain\.$/],
        ["stop", "verify", /Set it to drain or stop or start\.$/],
        ["switch", "stop", /^convert\.phase: must go one step/],
        [
            "done",
            "intra-a",
            /^option: intra-b can only be left from convert\.phase prepare \(the last run reached done\)/,
        ],
        ["drain", "intra-a", /^option: intra-b can only be left/],
    ];
    for (const [from, wanted, said] of skipped)
        it(`refuses ${wanted} after ${from}`, async () => {
            const found = await problems(wanted, reached(from));
            assert.equal(found.length, 1);
            assert.match(found[0], said);
        });

    it("after a run that did not end, lets it end that one or go back, and nothing else", async () => {
        const record = { phase: "drain", going: "stop", attempt: "1", callers };
        for (const wanted of ["drain", "stop"] as const) assert.deepEqual(await problems(wanted, record), []);
        for (const wanted of ["prepare", "start"] as const) {
            const [said] = await problems(wanted, record);
            assert.match(said, /^convert\.phase: must be drain or stop, since the run from drain to stop did not end/);
        }
        const first = { going: "prepare", attempt: "0" };
        for (const wanted of ["intra-a", "prepare"] as const) assert.deepEqual(await problems(wanted, first), []);
    });

    it("counts the runs after one that did not end", async () => {
        const of = (record?: Record<string, string>) => attemptOf(to("stop"), () => view({ record }));
        assert.equal(await of(undefined), 0);
        assert.equal(await of({ phase: "stop", going: "stop", attempt: "2" }), 2);
        assert.equal(await of({ phase: "drain", going: "stop", attempt: "2" }), 3);
    });

    it("refuses other callers in the same run as a phase, and takes them without one", async () => {
        const others = { consumers: [CONSUMERS[0]] };
        const [said] = await problems("drain", reached("prepare"), others);
        assert.match(said, /^consumers: must not change in the same run as convert\.phase or option/);
        assert.deepEqual(await problems("prepare", reached("prepare"), others), []);
        const unfinished = { phase: "drain", going: "stop", attempt: "1", callers };
        assert.equal((await problems("drain", unfinished, others)).length, 1);
    });

    const consumer = (name: string, ids: string[], plugins: object[] = [], owner = OWN): Live => ({
        metadata: { name, annotations: { [OWNER_ANNOTATION]: owner } },
        spec: { credentials: ids.map((id) => ({ name: id, type: "key-auth" })), plugins },
    });
    const live = [
        consumer(
            "lab",
            ["2026b", "2026a"],
            [
                { name: "limit-conn", config: { conn: 2, burst: 0 } },
                { name: "limit-count", config: { count: 60, time_window: 60 } },
            ],
        ),
        consumer("nlp", ["2026a"]),
        consumer("alpa-verifier", ["key"]),
        consumer("another", ["a"], [], "alpa-auth/other"),
    ];
    const world = (consumers: Live[]): World => ({ lists: { Consumer: consumers } });

    it("compares with the cluster where nothing is recorded: on the way in and out", async () => {
        assert.deepEqual(await problems("prepare", undefined, {}, {}, world(live)), []);
        assert.deepEqual(await problems("intra-a", reached("prepare"), {}, {}, world(live)), []);
        const changed = world(live.slice(1));
        assert.match((await problems("prepare", undefined, {}, {}, changed))[0], /^consumers: .*\(lab\)/);
        assert.match((await problems("intra-a", reached("prepare"), {}, {}, changed))[0], /^consumers: .*\(lab\)/);
    });

    const [lab, nlp] = CONSUMERS;
    const changes: [what: string, values: object, who: string][] = [
        ["a limit of one caller", { consumers: [{ ...lab, limits: { ...lab.limits, requests: 61 } }, nlp] }, "lab"],
        [
            "the length of its window",
            { consumers: [{ ...lab, limits: { ...lab.limits, perSeconds: 61 } }, nlp] },
            "lab",
        ],
        ["a limit that one had not", { consumers: [lab, { ...nlp, limits: { concurrent: 1 } }] }, "nlp"],
        ["the limits of those that have none", { limits: { concurrent: 1 } }, "nlp"],
        [
            "a method",
            { consumers: [lab, { ...nlp, credentials: [{ id: "2026a", method: "jwt", algorithm: "HS256" }] }] },
            "nlp",
        ],
    ];
    for (const [what, values, who] of changes)
        it(`refuses another value of ${what} in the same run as the way in, and out`, async () => {
            const said = new RegExp(`^consumers: must not change in the same run .*\\(${who}\\)`);
            assert.match((await problems("prepare", undefined, values, {}, world(live)))[0], said);
            assert.match((await problems("intra-a", reached("prepare"), values, {}, world(live)))[0], said);
        });

    it("on the way out compares with the record, where the config still says what a conversion would be", async () => {
        const { convert, opt, alpa } = intraBValues();
        const out = (values: object) => problems("intra-a", reached("prepare"), { convert, opt, alpa, ...values });
        assert.deepEqual(await out({}), []);
        const signed = {
            consumers: [lab, { ...nlp, credentials: [{ ...nlp.credentials[0], expires: "2999-01-31" }] }],
        };
        assert.match((await out(signed))[0], /^consumers: .*\(they are not those of the last run\)/);
    });

    it("refuses a budget that is over before the steps are, on the way to drain and nowhere else", async () => {
        const measured = { drain: 20, stop: 100, start: 1800.5, verify: 60, switch: 20 };
        const of = (wanted: Stage, from: Stage, going = from) =>
            problems(wanted, { phase: from, going, callers }, {}, { budgetMinutes: 30, measured });
        const said = [
            "convert.budgetMinutes: must be at least 34, which the steps took when they were last done (got 30: drain 20 s, stop 100 s, start 1800.5 s, verify 60 s, switch 20 s). Raise it, or stay in prepare.",
        ];
        assert.deepEqual(await of("drain", "prepare"), said);
        assert.deepEqual(await of("drain", "prepare", "drain"), said, "the first run to it did not end");
        for (const phase of PHASES) assert.deepEqual(await of(phase, phase), [], `standing in ${phase}`);
        const back: [from: Stage, to: Stage][] = [
            ["stop", "drain"],
            ["drain", "prepare"],
            ["start", "stop"],
            ["done", "switch"],
        ];
        for (const [from, to] of back) assert.deepEqual(await of(to, from), [], `back to ${to}`);
        assert.deepEqual(await of("prepare", "prepare", "drain"), [], "back from a run that did not end");
        assert.deepEqual(await problems("drain", reached("prepare"), {}, { measured }), [], "an hour is enough");
    });

    it("keeps others out while somebody runs one", async () => {
        const record = { ...reached("stop")!, holder: "ops@a", until: "2026-11-30T12:30:00Z" };
        const [said] = await problems("start", record);
        assert.match(said, /^convert\.holder: a conversion is under way \(ops@a runs it until 2026-11-30T12:30:00Z\)/);
        const holder = (name: string) => ({ holder: { name, until: "2026-11-30T12:30:00Z" } });
        assert.equal((await problems("start", record, {}, holder("ops@b"))).length, 1);
        assert.deepEqual(await problems("start", record, {}, holder("ops@a")), []);
        assert.deepEqual(await problems("start", { ...record, until: "2026-11-30T11:59:59Z" }), []);
    });
});

describe("preflight of the component", () => {
    const found = (world: World, opt = {}, values = {}) =>
        component(intraBSettings(values, opt), view({ ...GOOD, ...world }));

    it("takes nodes with the GPUs, weights that are there, and an operator to come or in place", async () => {
        assert.deepEqual(await found({}), []);
        assert.deepEqual(await found({ objects: { [CLAIM]: BOUND } }), [], "the operator brings its definitions");
        assert.deepEqual(await found({}, { operator: "existing" }), []);
        assert.deepEqual(await component(settings("rampart"), view({})), [], "nothing is asked for intra-a");
    });

    const refused: [why: string, world: World, opt: object, said: RegExp][] = [
        [
            "a node that is not there",
            { lists: { Node: [node("dgx-01", "8")] } },
            {},
            /^opt\.nodes: dgx-02 must be a node of the cluster \(it has dgx-01\)/,
        ],
        [
            "fewer GPUs than are asked for",
            { lists: { Node: [node("dgx-01", "8"), node("dgx-02", "4")] } },
            {},
            /^opt\.gpusPerNode: .*\(got 8, and dgx-02 has 4\)/,
        ],
        [
            "nodes whose GPUs nobody offers",
            { lists: { Node: [node("dgx-01", "8"), node("dgx-02")] } },
            {},
            /dgx-02 has 0\)\. Install the GPU operator/,
        ],
        [
            "a claim that is not there",
            { objects: { [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: PersistentVolumeClaim alpa-auth\/opt-weights must exist/,
        ],
        [
            "a claim without a volume",
            { objects: { [CLAIM]: claim("Pending", "ReadOnlyMany"), [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: .* must be bound to the volume that holds the weights \(it is Pending\)/,
        ],
        [
            "a volume of one node for several",
            { objects: { [CLAIM]: claim("Bound", "ReadWriteOnce"), [CRD]: KNOWN } },
            {},
            /^opt\.weights\.claim: .* must be for several nodes.* \(it is ReadWriteOnce, and opt\.nodes are 2\)/,
        ],
        [
            "GPUs that other pods ask for",
            { lists: { ...GOOD.lists, Pod: [gpuPod("jobs", "train", "dgx-02", 2), gpuPod("jobs", "x", "dgx-02", 1)] } },
            {},
            /^opt\.gpusPerNode: must be left on every node \(got 8, and of the 8 of dgx-02 other pods ask for 3: jobs\/train 2, jobs\/x 1\)/,
        ],
        [
            "an operator that is not there",
            { objects: { [CLAIM]: BOUND } },
            { operator: "existing" },
            /^opt\.operator: existing needs CustomResourceDefinition/,
        ],
        [
            "a definition that is too old",
            { objects: { [CLAIM]: BOUND, [CRD]: { spec: {} } } },
            {},
            /must know upgradeStrategy/,
        ],
        [
            "a RuntimeClass that is not there",
            {},
            { runtimeClass: "nvidia" },
            /^opt\.runtimeClass: RuntimeClass nvidia must exist/,
        ],
    ];
    for (const [why, world, opt, said] of refused)
        it(`refuses ${why}`, async () => {
            const all = await found(world, opt);
            assert.equal(all.length, 1, all.join("\n"));
            assert.match(all[0], said);
        });

    it("takes a volume of one node for one node", async () => {
        const objects = { [CLAIM]: claim("Bound", "ReadWriteOnce"), [CRD]: KNOWN };
        assert.deepEqual(await found({ objects }, { nodes: ["dgx-01"], model: "alpa/opt-66b" }), []);
    });

    it("counts no GPUs of its own pods, of pods that have ended, of other nodes, or that are left over", async () => {
        const own = gpuPod("alpa-auth", "alpa-opt-head", "dgx-01", 8, { "ray.io/cluster": "alpa-opt" });
        const ended = { ...gpuPod("jobs", "done", "dgx-01", 8), status: { phase: "Succeeded" } };
        const pods = [own, ended, gpuPod("jobs", "elsewhere", "dgx-09", 8), gpuPod("jobs", "waits", undefined, 8)];
        assert.deepEqual(await found({ lists: { ...GOOD.lists, Pod: pods } }), []);
        const half = { lists: { ...GOOD.lists, Pod: [gpuPod("jobs", "half", "dgx-01", 4)] } };
        assert.deepEqual(await found(half, { gpusPerNode: 4, model: "alpa/opt-66b" }), []);
        const ofRampart = gpuPod("alpa-auth-opt-ray", "head", "dgx-01", 8);
        assert.deepEqual(await found({ lists: { ...GOOD.lists, Pod: [ofRampart] } }, RAMPART_OPT), []);
    });

    it("stops a step on, and no step back nor a run that stays: a broken component is why one goes back", async () => {
        const found = async (phase: Stage, record: World["record"]) => {
            const { problems, warnings } = await componentOnItsWay(
                to(phase) as GatewayClusterArgs,
                view({ ...GOOD, objects: { [CRD]: KNOWN }, record }),
            );
            return [problems.length, warnings.length];
        };
        const at = (phase: Stage, going: Stage = phase) => ({ phase, going });
        assert.deepEqual(await found("prepare", undefined), [1, 0]);
        assert.deepEqual(await found("start", at("stop")), [1, 0]);
        assert.deepEqual(await found("start", at("start")), [0, 1]);
        assert.deepEqual(await found("start", at("switch")), [0, 1]);
        assert.deepEqual(await found("stop", at("start")), [0, 1]);
        assert.deepEqual(await found("stop", at("stop", "start")), [0, 1], "the start did not end");
        assert.deepEqual(await found("intra-a", at("prepare")), [0, 0]);
    });

    it("refuses nodes that another conversion has, and not its own", async () => {
        const ray = (namespace: string, node: string): Live => ({
            metadata: { namespace, name: "alpa-opt", annotations: { [OWNER_ANNOTATION]: `alpa-auth/${namespace}` } },
            spec: { headGroupSpec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } } },
        });
        const lists = {
            ...GOOD.lists,
            RayCluster: [ray("alpa-auth", "dgx-01"), ray("other", "dgx-02"), ray("third", "dgx-09")],
        };
        const all = await found({ lists });
        assert.deepEqual(all.length, 1);
        assert.match(
            all[0],
            /^opt\.nodes: dgx-02 must not be in two conversions \(RayCluster other\/alpa-opt of stack alpa-auth\/other/,
        );
    });
});

describe("planned objects of option intra-b", function () {
    this.timeout(60_000);
    const cases: [what: string, values: object, opt: object][] = [
        ["under Rampart", {}, {}],
        ["with installer helm", { gateway: { installer: "helm", crds: ["a.yaml"] } }, {}],
        ["of shape rampart", {}, RAMPART_OPT],
    ];
    for (const [what, values, opt] of cases)
        it(`${what} are what the program makes`, async () => {
            const title = (kind: string, namespace: string | undefined, name: string) =>
                `${kind} ${namespace ?? ""}/${name}`;
            const seen = await recordIntraB("prepare", values as Record<string, unknown>, opt);
            const made = kubernetesObjects(seen).map(({ inputs }) =>
                title(inputs.kind, inputs.metadata.namespace, inputs.metadata.name),
            );
            const planned = plannedObjects(intraBSettings(values as Record<string, unknown>, opt))
                .map((o) => title(o.kind, o.namespace, o.name))
                // A resource of our own writes it.
                .filter((one) => one !== "ConfigMap alpa-auth/alpa-auth-conversion");
            const apart = /^(Secret .*admin-keys|DeploymentPatch)/;
            assert.deepEqual(planned.filter((o) => !apart.test(o)).sort(), made.filter((o) => !apart.test(o)).sort());
        });
});
