// Proves the decisions of a conversion: the next step, who may continue it, and when it turns back.
import { strict as assert } from "node:assert";
import type { Stage, Target } from "../../../../components/opt/conversion-phases";
import { deadline, isTakenOver, nextStep, notOurs, opens, stepsTo } from "../../../../ops/convert/decide";
import { conversionProblem, isUnderWay, progressIn, type Progress } from "../../../../ops/convert/progress";
import { attempt, at } from "./kit";

describe("convert: the next step", () => {
    const steps: [from: Progress, to: Target, ...next: Stage[]][] = [
        [at("intra-a"), "intra-b", "prepared", "closed", "moved", "open"],
        [at("closed", attempt(1)), "intra-b", "moved", "open"],
        [at("open", attempt(1)), "intra-b"],
        [at("open", attempt(1)), "intra-a", "moved", "closed", "prepared", "intra-a"],
        [at("moved", attempt(1), { isComplete: false }), "intra-b", "moved", "open"],
        [at("moved", attempt(1), { isComplete: false }), "intra-a", "closed", "prepared", "intra-a"],
        [at("closed", attempt(2, "intra-a"), { isComplete: false }), "intra-a", "closed", "prepared", "intra-a"],
        [at("intra-a", attempt(2, "intra-a"), { isComplete: false }), "intra-a", "intra-a"],
        [at("intra-a", attempt(2, "intra-a")), "intra-a"],
    ];
    for (const [from, to, ...next] of steps)
        it(`from ${from.stage}${from.isComplete ? "" : ", not complete,"} to ${to}: ${next.join(", ") || "none"}`, () => {
            assert.equal(nextStep(from, to), next[0]);
            assert.deepEqual(stepsTo(from, to), next);
        });

    it("needs an answer of Alpa where it opens the route, on the way there and back", () => {
        const pairs: [Stage, Stage][] = [
            ["moved", "open"],
            ["closed", "prepared"],
        ];
        for (const [from, to] of pairs) assert.ok(opens(from, to));
        assert.ok(!opens("intra-a", "prepared") && !opens("prepared", "closed") && !opens("open", "open"));
    });
});

describe("convert: the deadline", () => {
    const budget = { budgetMinutes: 60, returnMinutes: 28 };
    const since = Date.parse("2026-11-30T12:00:00.000Z");
    const closed = { closedSince: "2026-11-30T12:00:00.000Z" };
    const late = since + 5 * 60_000;

    it("is the budget without the time of a return, from the first 503 on", () => {
        const end = since + 32 * 60_000;
        assert.equal(deadline(at("prepared", attempt(1)), "closed", budget, since), end);
        assert.equal(deadline(at("closed", attempt(1), closed), "moved", budget, late), end);
        assert.equal(deadline(at("moved", attempt(1), closed), "open", budget, late), end);
        assert.equal(deadline(at("open", attempt(1), { ...closed, isComplete: false }), "open", budget, late), end);
    });

    it("does not count an earlier conversion", () =>
        assert.equal(deadline(at("prepared", attempt(3), closed), "closed", budget, late), late + 32 * 60_000));

    it("does not exist while callers are served", () =>
        assert.equal(deadline(at("intra-a"), "prepared", budget, since), undefined));
});

describe("convert: another process", () => {
    const alive = { by: "bob@lab", isAlive: () => true, takeOver: false };
    const under = at("closed", attempt(4));

    it("is named with user, host, time and pending operations, and continued only with the flag", () => {
        const [problem] = notOurs("intra", { ...under, pending: 2 }, alive);
        assert.match(
            problem,
            /^intra: a conversion to intra-b is in progress \(phase closed, ada@ops, pid 42, since 2026-11-30T12:00:00.000Z, pending operations: 2\)\. Wait .* add --take-over/,
        );
        assert.deepEqual(notOurs("intra", { ...under, pending: 2 }, { ...alive, takeOver: true }), []);
    });

    it("needs no flag after it ended on this host without pending operations", () => {
        const ended = { by: "ada@ops", isAlive: () => false, takeOver: false };
        assert.deepEqual(notOurs("intra", under, ended), []);
        assert.equal(notOurs("intra", { ...under, pending: 1 }, ended).length, 1);
    });

    it("cannot be taken over while it runs on this host", () => {
        const [problem] = notOurs("intra", under, { ...alive, by: "ada@ops", takeOver: true });
        assert.match(problem, /press Ctrl-C there/);
    });

    it("does not matter after its conversion has ended", () => {
        assert.deepEqual(notOurs("intra", at("open", attempt(4)), alive), []);
        assert.deepEqual(notOurs("intra", at("intra-a", attempt(4, "intra-a")), alive), []);
    });

    it("has taken over if its number is newer, or the same", () => {
        assert.ok(isTakenOver(attempt(5, "intra-b", "bob@lab"), attempt(4)));
        assert.ok(isTakenOver(attempt(4, "intra-b", "bob@lab"), attempt(4)));
        assert.ok(!isTakenOver(attempt(4), attempt(4)) && !isTakenOver(attempt(3), attempt(4)));
        assert.ok(!isTakenOver(undefined, attempt(1)));
    });
});

describe("convert: the state of a stack", () => {
    const record = (stage: Stage, more = {}) => ({
        type: "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord",
        outputs: { step: { stage, attempt: attempt(4), callers: "c1" }, ...more },
    });
    const conversion = (outputs?: object) => ({ type: "alpa-auth:index:Conversion", outputs });
    const reached = (phase: Stage, number: number) => conversion({ reached: { phase, attempt: number } });

    it("shows the stage, and whether its run has completed", () => {
        const closedSince = "2026-11-30T12:00:00.000Z";
        const progress = progressIn({ resources: [record("moved", { closedSince }), reached("moved", 4)] });
        assert.deepEqual(progress, at("moved", attempt(4), { closedSince }));
        for (const other of [conversion(), conversion({}), reached("closed", 4), reached("moved", 3)])
            assert.equal(progressIn({ resources: [record("moved"), other] }).isComplete, false);
        assert.ok(progressIn({ resources: [record("intra-a")] }).isComplete);
        assert.ok(!progressIn({ resources: [record("intra-a"), reached("prepared", 4)] }).isComplete);
    });

    it("is intra-a without a record, and counts pending operations", () => {
        assert.deepEqual(progressIn({}), at("intra-a"));
        assert.equal(progressIn({ pending_operations: [{}, {}] }).pending, 2);
    });

    it("forbids other changes while a conversion is under way, and only then", () => {
        for (const stage of ["prepared", "closed", "moved"] as const)
            assert.match(
                conversionProblem("intra", at(stage, attempt(4)))!,
                /^intra: a conversion is in progress \(phase/,
            );
        for (const stage of ["intra-a", "open"] as const)
            assert.equal(conversionProblem("intra", at(stage, attempt(4))), undefined);
        assert.equal(conversionProblem("intra", at("prepared")), undefined, "a new stack");
    });

    it("has a conversion under way until its last run has completed", () => {
        assert.ok(!isUnderWay(at("open", attempt(1))) && !isUnderWay(at("intra-a")) && !isUnderWay(at("prepared")));
        assert.ok(isUnderWay(at("open", attempt(1), { isComplete: false })));
        assert.ok(isUnderWay(at("open", attempt(1, "intra-a"))));
        assert.ok(isUnderWay(at("moved", attempt(1))));
    });
});
