// Proves the resources of each phase of an upgrade of the model, and their order. Engine tests prove the effect.
import { strict as assert } from "node:assert";
import { UPGRADE_PHASES, type UpgradePhase } from "../../../components/opt/conversion-phases";
import { intra } from "../../../stacks/intra";
import { comesAfter, oneOfKind, plain, record, value, type Seen } from "../../kit";
import { intraBSettings, OPT } from "../kit/intra-b";

const NEW = { image: { ...OPT.image, tag: "1.1.0" }, model: "alpa/opt-66b", weights: { claim: "opt-66b" } };
type At = UpgradePhase | "before" | "after";

/** Resources of each phase. Each phase is recorded only once, because a recording takes a second. */
const built = new Map<At, Promise<Seen[]>>();
function stack(at: At): Promise<Seen[]> {
    const opt = at === "before" ? {} : at === "after" ? NEW : { upgrade: { phase: at, ...NEW } };
    if (!built.has(at))
        built.set(
            at,
            record(() => intra(intraBSettings({}, opt, { phase: "done" }))),
        );
    return built.get(at)!;
}

const changed = async (from: At, to: At) => {
    const texts = async (at: At) =>
        new Map((await stack(at)).filter((r) => r.custom).map((r) => [r.name, JSON.stringify(plain(r.inputs))]));
    const [before, after] = [await texts(from), await texts(to)];
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.filter((name) => before.get(name) !== after.get(name)).sort();
};
const RECORD = ["alpa-conversion-begun", "alpa-conversion-reached"];
const RAY = ["alpa-conversion-component-ray", "alpa-conversion-component-ready"];
const NEXT = ["alpa-conversion-component-next-images", "alpa-conversion-component-next-images-ready"];
const ROUTE = ["alpa-route-rules", "alpa-route-served"];

const after = async (at: At, later: string, earlier: string) => {
    const seen = await stack(at);
    const [one, other] = [later, earlier].map((name) => seen.find((r) => r.name === name)!);
    return comesAfter(seen, one, other);
};

describe("an upgrade of the model", () => {
    const changes: [from: At, to: At, names: string[]][] = [
        ["before", "prepare", NEXT],
        ["prepare", "drain", ROUTE],
        ["drain", "stop", RAY],
        ["stop", "start", RAY],
        ["start", "verify", []],
        ["verify", "switch", ROUTE],
        ["switch", "after", ["alpa-conversion-component-images", ...NEXT]],
    ];
    for (const [from, to, names] of changes)
        it(`changes only ${[...names, "the record of its progress"].join(", ")} from phase ${from} to ${to}`, async () =>
            assert.deepEqual(await changed(from, to), [...names, ...RECORD].sort()));

    const container = (spec: any) => spec.headGroupSpec.template.spec.containers[0];
    const version = (seen: Seen[], name: string) =>
        oneOfKind(seen, "DaemonSet", name).inputs.spec.template.spec.containers[0].image.split(":")[1];
    for (const at of UPGRADE_PHASES)
        it(`${at}: nodes hold both versions, and at most one runs`, async () => {
            const seen = await stack(at);
            assert.equal(version(seen, "alpa-opt-images"), "1.0.0");
            assert.equal(version(seen, "alpa-opt-next-images"), "1.1.0");
            const { spec } = oneOfKind(seen, "RayCluster", "alpa-opt").inputs;
            const runs = spec.suspend ? "none" : container(spec).image.split(":")[1];
            const expected = { prepare: "1.0.0", drain: "1.0.0", stop: "none" } as Record<string, string>;
            assert.equal(runs, expected[at] ?? "1.1.0");
            if (runs === "1.1.0") {
                assert.match(JSON.stringify(container(spec).env), /--model alpa\/opt-66b --path \/weights/);
                const [, { persistentVolumeClaim }] = spec.headGroupSpec.template.spec.volumes;
                assert.equal(persistentVolumeClaim.claimName, "opt-66b");
            }
        });

    it("closes the callers' route before Alpa stops, and opens it when Alpa runs", async () => {
        for (const at of ["stop", "start"] as const) assert.ok(await after(at, RAY[0], ROUTE[0]), at);
        for (const at of ["prepare", "switch"] as const) assert.ok(await after(at, ROUTE[0], RAY[0]), at);
    });

    it("starts the new version only when image and weights are on every node", async () => {
        assert.ok(await after("start", RAY[0], NEXT[1]));
    });

    it("leaves bare metal stopped", async () => {
        const { bareMetal } = intraBSettings({}, { upgrade: { phase: "stop", ...NEW } }, { phase: "done" }).conversion;
        assert.ok(bareMetal);
        for (const at of ["drain", "stop", "start"] as const)
            assert.deepEqual(
                (await changed("before", at)).filter((name) => /bare-metal/.test(name)),
                [],
                at,
            );
    });

    it("outputs its progress, and records the stage", async () => {
        let outputs: ReturnType<typeof intra> | undefined;
        const opt = { upgrade: { phase: "stop", ...NEW } };
        const seen = await record(() => (outputs = intra(intraBSettings({}, opt, { phase: "done" }))));
        const { phase, upgrade } = outputs!.conversion!;
        assert.deepEqual([await value(phase), await value(upgrade!)], ["done", "stop"]);
        const going = seen.find(({ name }) => name === RECORD[0])!.inputs.begin.going;
        assert.equal(going, "upgrade-stop");
    });
});
