// Proves which steps of a conversion a stack accepts, whatever runs Pulumi. An engine test proves that the record rejects the
// others before anything changes.
import { strict as assert } from "node:assert";
import { PHASES, STAGES, stateOf, nextStage, isClosed } from "../../../../components/opt/conversion-phases";
import { ConversionRecord } from "../../../../components/opt/conversion-record";
import {
    provider,
    stepProblem,
    type Attempt,
    type ConversionStep,
} from "../../../../components/opt/conversion-record-provider";
import { one, record } from "../../../kit";
import { assertStored, storedText } from "../kubernetes/stored";

const attempt = (number: number, more: Partial<Attempt> = {}): Attempt => ({
    ...{ number, to: "intra-b", by: "ada@ops", pid: 42, at: "2026-11-30T12:00:00.000Z" },
    ...more,
});
const at = (stage: ConversionStep["stage"], by?: Attempt, callers = "c1"): ConversionStep => ({
    ...{ stage, attempt: by, callers },
});

describe("ConversionRecord", () => {
    const accepted: [what: string, old: ConversionStep | undefined, now: ConversionStep][] = [
        ["a new stack of option intra-a", undefined, at("intra-a")],
        ["a new stack whose component serves", undefined, at("open")],
        ["the first phase", at("intra-a"), at("prepared", attempt(1))],
        ["the next phase of the same attempt", at("prepared", attempt(1)), at("closed", attempt(1))],
        ["the same phase again", at("moved", attempt(1)), at("moved", attempt(1))],
        ["the same phase by a newer attempt", at("moved", attempt(1)), at("moved", attempt(2, { by: "bob@lab" }))],
        ["the next phase by a newer attempt", at("closed", attempt(1)), at("moved", attempt(2))],
        ["a step back by a newer attempt", at("moved", attempt(1)), at("closed", attempt(2, { to: "intra-a" }))],
        ["the stage intra-a without an attempt", at("intra-a", attempt(4)), at("intra-a")],
        ["other callers without a step", at("open", attempt(1)), at("open", attempt(1), "c2")],
        ["other callers than those of an earlier run", at("intra-a"), at("prepared", attempt(1), "c2")],
        ["other callers in a prepared conversion", at("prepared", attempt(1)), at("prepared", attempt(1), "c2")],
    ];
    for (const [what, old, now] of accepted)
        it(`accepts ${what}`, () => assert.equal(stepProblem(old, now), undefined));

    const STALE =
        /^convert: the stack is in phase \S+ \((attempt \d+ by \S+, pid 42, since \S+|no attempt)\), and this run/;
    const rejected: [what: string, old: ConversionStep | undefined, now: ConversionStep, problem: RegExp][] = [
        [
            "a new stack that is closed",
            undefined,
            at("closed"),
            /^convert\.phase: must be prepared or open for a new stack/,
        ],
        ["a skipped phase", at("prepared", attempt(1)), at("moved", attempt(1)), STALE],
        ["a skipped phase by a newer attempt", at("intra-a"), at("closed", attempt(1)), STALE],
        ["a step by hand", at("intra-a"), at("prepared"), STALE],
        ["a step back of the attempt that goes forward", at("moved", attempt(1)), at("closed", attempt(1)), STALE],
        ["the stack file from before the conversion", at("closed", attempt(1)), at("intra-a"), STALE],
        ["an older attempt", at("moved", attempt(2)), at("open", attempt(1)), STALE],
        ["an older attempt in the same phase", at("open", attempt(2)), at("open", attempt(1)), STALE],
        [
            "another process with the same number",
            at("closed", attempt(2)),
            at("closed", attempt(2, { by: "bob@lab" })),
            STALE,
        ],
        ["other callers in a step", at("prepared", attempt(1)), at("closed", attempt(1), "c2"), /^consumers: must not/],
        ["other callers while closed", at("moved", attempt(1)), at("moved", attempt(1), "c2"), /^consumers: must not/],
        ["other callers of another clone", at("moved", attempt(1)), at("moved", attempt(2), "c2"), /^consumers: must/],
    ];
    for (const [what, old, now, problem] of rejected)
        it(`rejects ${what}`, async () => {
            const { failures } = await provider.check!((old ? { step: old } : {}) as { step: ConversionStep }, {
                step: now,
            });
            assert.match(failures![0].reason, problem);
        });

    it("changes with the callers, but for stage intra-a", async () => {
        const changes = async (old: ConversionStep, now: ConversionStep) =>
            (await provider.diff!("conversion", { step: old }, { step: now })).changes;
        assert.equal(await changes(at("open"), at("open", undefined, "c2")), true);
        assert.equal(await changes(at("intra-a"), at("intra-a", undefined, "c2")), false);
        assert.equal(await changes(at("prepared", attempt(1)), at("intra-a", attempt(1))), true);
    });

    it("keeps the time at which the route was closed until the next conversion", async () => {
        const update = async (old: ConversionStep, now: ConversionStep, closedSince?: string) =>
            (await provider.update!("conversion", { step: old, closedSince }, { step: now })).outs!.closedSince;
        const begun = await update(at("prepared"), at("closed"));
        assert.ok(Date.parse(begun!) > Date.now() - 10_000);
        assert.equal(await update(at("closed"), at("moved"), "earlier"), "earlier");
        assert.equal(await update(at("moved"), at("open"), "earlier"), "earlier");
        assert.notEqual(await update(at("open"), at("moved"), "earlier"), "earlier");
    });

    it("rejects a run whose --target leaves it out", async () => {
        let problems: Promise<string[]> | undefined;
        const recorded = { conversion: { step: at("closed", attempt(1)) } };
        await record(() => (problems = new ConversionRecord("conversion", at("intra-a")).registered()), recorded);
        assert.match((await problems!).join(), STALE);
    });

    it("stores its code without packages", async () => {
        const made = await record(() => new ConversionRecord("conversion", at("intra-a")));
        assertStored(storedText(one(made, "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord")), 8000, []);
    });
});

describe("phases", () => {
    it("move Alpa only while callers get 503", () => {
        for (const [i, phase] of PHASES.slice(1).entries())
            if (stateOf(PHASES[i]).side !== stateOf(phase).side)
                assert.deepEqual([isClosed(PHASES[i]), isClosed(phase)], [true, true]);
    });

    it("lead forward and back through the same stages", () => {
        for (const [i, stage] of STAGES.entries()) {
            assert.equal(nextStage(stage, "intra-b"), STAGES[i + 1]);
            assert.equal(nextStage(stage, "intra-a"), STAGES[i - 1]);
        }
    });
});
