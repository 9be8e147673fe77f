// Proves which steps a conversion may not take. The cluster is a fake. Engine tests use a real API server.
import { strict as assert } from "node:assert";
import type { Live } from "../../../components/kubernetes/cluster-reader";
import { PHASES, type Stage } from "../../../components/opt/conversion-phases";
import type { ConversionState } from "../../../config/conversion-state";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { attemptOf, conversion, withoutRecord } from "../../../preflight/alpa/conversion";
import { intraBSettings, intraBValues } from "../kit/intra-b";
import { CONSUMERS } from "../kit/intra-a";
import { OWN, to, view, type World } from "./conversion-kit";

const callers = intraBSettings().conversion.callers;
const problems = (
    wanted: Stage,
    record: World["record"],
    values = {},
    convert = {},
    { state, ...world }: World & { state?: ConversionState } = {},
) => conversion(to(wanted, values, convert, state), view({ ...world, record }), OWN, new Date("2026-11-30T12:00:00Z"));

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
        it(`allows ${wanted} after ${from}`, async () => assert.deepEqual(await problems(wanted, reached(from)), []));

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
            /^option: cannot change from intra-b unless convert\.phase is prepare \(the last run reached done\)/,
        ],
        ["drain", "intra-a", /^option: cannot change from intra-b/],
    ];
    for (const [from, wanted, said] of skipped)
        it(`rejects ${wanted} after ${from}`, async () => {
            const found = await problems(wanted, reached(from));
            assert.equal(found.length, 1);
            assert.match(found[0], said);
        });

    it("begins with prepare where the cluster does not exist yet, and no record can be read", () => {
        for (const first of ["intra-a", "prepare"] as const) assert.deepEqual(withoutRecord(to(first)), []);
        for (const later of ["drain", "done"] as const)
            assert.match(
                withoutRecord(to(later))[0],
                /^convert\.phase: must go one step at a time .* Set it to prepare\.$/,
            );
    });

    it("allows after an interrupted run only to complete that run or to go back", async () => {
        const record = { phase: "drain", going: "stop", attempt: "1", callers };
        for (const wanted of ["drain", "stop"] as const) assert.deepEqual(await problems(wanted, record), []);
        for (const wanted of ["prepare", "start"] as const) {
            const [said] = await problems(wanted, record);
            assert.match(said, /^convert\.phase: cannot become \S+, since the run from drain to stop did not complete/);
        }
        const first = { going: "prepare", attempt: "0" };
        for (const wanted of ["intra-a", "prepare"] as const) assert.deepEqual(await problems(wanted, first), []);
    });

    it("counts the runs after an interrupted run", async () => {
        const of = (record?: Record<string, string>) => attemptOf(to("stop"), () => view({ record }));
        assert.deepEqual(await of(undefined), { attempt: 0 });
        assert.equal((await of({ phase: "stop", going: "stop", attempt: "2" })).attempt, 2);
        assert.equal((await of({ phase: "drain", going: "stop", attempt: "2" })).attempt, 3);
    });

    it("distinguishes a run forward from a run back, or to the reached phase", async () => {
        const back = async (phase: string, going: string) =>
            (await attemptOf(to("verify"), () => view({ record: { phase, going } }))).back;
        assert.deepEqual([await back("start", "start"), await back("start", "verify")], [undefined, undefined]);
        for (const [phase, going] of [
            ["switch", "switch"],
            ["switch", "verify"],
            ["verify", "switch"],
            ["verify", "verify"],
        ])
            assert.equal(await back(phase, going), true, `${phase}, ${going}`);
    });

    it("rejects other callers in a run with another phase, and accepts them in a run without", async () => {
        const others = { consumers: [CONSUMERS[0]] };
        const [said] = await problems("drain", reached("prepare"), others);
        assert.match(said, /^consumers: must not change in the same run as convert\.phase or option/);
        assert.deepEqual(await problems("prepare", reached("prepare"), others), []);
        assert.deepEqual(await problems("done", reached("done"), others), []);
        const unfinished = { phase: "drain", going: "stop", attempt: "1", callers };
        assert.equal((await problems("drain", unfinished, others)).length, 1);
    });

    it("rejects other callers also in a run that repeats a phase of a conversion, as from a clone with an earlier list", async () => {
        const others = { consumers: [CONSUMERS[0]] };
        for (const phase of ["drain", "stop", "start", "verify", "switch"] as const) {
            assert.deepEqual(await problems(phase, reached(phase)), [], phase);
            const [said, ...more] = await problems(phase, reached(phase), others);
            assert.match(
                said,
                /^consumers: must not change during a conversion \(the list of callers .*git pull.* kubectl --context here -n \S+ delete secret <consumer>\.<credential>$/,
                phase,
            );
            assert.deepEqual(more, []);
        }
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

    it("compares with the cluster if nothing is recorded: at the start and at the end", async () => {
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
        ["an added limit", { consumers: [lab, { ...nlp, limits: { concurrent: 1 } }] }, "nlp"],
        ["the default limits", { limits: { concurrent: 1 } }, "nlp"],
        [
            "a method",
            { consumers: [lab, { ...nlp, credentials: [{ id: "2026a", method: "jwt", algorithm: "HS256" }] }] },
            "nlp",
        ],
    ];
    for (const [what, values, who] of changes)
        it(`rejects another value of ${what} in the run that starts or ends the conversion`, async () => {
            const said = new RegExp(`^consumers: must not change in the same run .*\\(${who}\\)`);
            assert.match((await problems("prepare", undefined, values, {}, world(live)))[0], said);
            assert.match((await problems("intra-a", reached("prepare"), values, {}, world(live)))[0], said);
        });

    it("compares callers with the record on the last step back, if the config still has the component", async () => {
        const { convert, opt, alpa } = intraBValues();
        const out = (values: object) => problems("intra-a", reached("prepare"), { convert, opt, alpa, ...values });
        assert.deepEqual(await out({}), []);
        const signed = {
            consumers: [lab, { ...nlp, credentials: [{ ...nlp.credentials[0], expires: "2999-01-31" }] }],
        };
        assert.match(
            (await out(signed))[0],
            /^consumers: .*\(the list of callers is not the same as in the last run\)/,
        );
    });

    it("rejects a budget that is shorter than the steps, only in the step to drain", async () => {
        const measured = { drain: 20, stop: 100, start: 1800.5, verify: 60, switch: 20 };
        const of = (wanted: Stage, from: Stage, going = from) =>
            problems(wanted, { phase: from, going, callers }, {}, { budgetMinutes: 30 }, { state: { measured } });
        const said = [
            "convert.budgetMinutes: must be at least 34 (got 30), because the steps of the last conversion took that time (drain 20 s, stop 100 s, start 1800.5 s, verify 60 s, switch 20 s). Raise convert.budgetMinutes, or keep convert.phase prepare.",
        ];
        assert.deepEqual(await of("drain", "prepare"), said);
        assert.deepEqual(await of("drain", "prepare", "drain"), said, "the first run to drain did not end");
        for (const phase of PHASES) assert.deepEqual(await of(phase, phase), [], `standing in ${phase}`);
        const back: [from: Stage, to: Stage][] = [
            ["stop", "drain"],
            ["drain", "prepare"],
            ["start", "stop"],
            ["done", "switch"],
        ];
        for (const [from, to] of back) assert.deepEqual(await of(to, from), [], `back to ${to}`);
        assert.deepEqual(await of("prepare", "prepare", "drain"), [], "back from a run that did not end");
        const inAnHour = await problems("drain", reached("prepare"), {}, {}, { state: { measured } });
        assert.deepEqual(inAnHour, [], "an hour is enough");
    });

    it("rejects other runs while a conversion holds the lock", async () => {
        const record = { ...reached("stop")!, holder: "ops@a", until: "2026-11-30T12:30:00Z" };
        const [said] = await problems("start", record);
        assert.match(said, /^convert: a conversion is under way \(locked by ops@a until 2026-11-30T12:30:00Z\)/);
        const by = (name: string) => ({ state: { holder: { name, until: "2026-11-30T12:30:00Z" } } });
        assert.equal((await problems("start", record, {}, {}, by("ops@b"))).length, 1);
        assert.deepEqual(await problems("start", record, {}, {}, by("ops@a")), []);
        const { convert, opt, alpa } = intraBValues();
        const last = { ...record, phase: "prepare", going: "prepare" };
        const back = (name: string) => problems("intra-a", last, { convert, opt, alpa }, {}, by(name));
        assert.deepEqual([(await back("ops@b")).length, await back("ops@a")], [1, []], "the last step of a return");
        assert.deepEqual(await problems("start", { ...record, until: "2026-11-30T11:59:59Z" }), []);
    });
});
