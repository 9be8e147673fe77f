// Proves the order of a conversion's steps, for every step that can fail and at every time at which the budget can end.
// Stack and clock are in memory. The sandbox's tests prove the effect of a phase.
import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
    expectedOf,
    latestEnd,
    mustReturn,
    needed,
    remainingForward,
    TURN_SECONDS,
    wholeReturn,
} from "../../../../ops/convert/clock";
import type { Entry, Event } from "../../../../ops/convert/audit";
import { expectedTimes } from "../../../../ops/convert/expected";
import { backFrom, forwardFrom, nameOf, PHASES } from "../../../../ops/convert/phases";
import { progressOf } from "../../../../ops/convert/state";
import { FakeWorld, PLACES, type WorldOptions } from "./world";

const FORWARD = [...PHASES];
const back = (...places: string[]) => places.map((place) => `back to ${place}`);
/** Phases of a rollback that begins when the component serves callers. */
const WHOLE = ["switch", "start", "stop", "drain", "prepare", "intra-a"];

/** For each step that fails half-way, the steps of the rollback that follows. */
const returns: [failing: string, steps: string[]][] = [
    ["prepare", back("intra-a")],
    ["drain", back("prepare", "intra-a")],
    ["stop", back("drain", "prepare", "intra-a")],
    ["start", back("stop", "drain", "prepare", "intra-a")],
    ["verify", back("start", "stop", "drain", "prepare", "intra-a")],
    ["switch", back("verify", "stop", "drain", "prepare", "intra-a")],
];

async function convert(options: WorldOptions = {}, prepare: (world: FakeWorld) => void = () => undefined) {
    const world = new FakeWorld(options);
    world.begin();
    prepare(world);
    const result = (await world.go())!;
    return { world, result };
}

describe("ops convert, the runner", () => {
    it("goes through every phase in order, and counts how long callers got 503", async () => {
        const { world, result } = await convert();
        assert.deepEqual(world.steps(), FORWARD);
        assert.equal(result.outcome, "converted");
        assert.equal(world.reached, "done");
        assert.equal(result.downSeconds, remainingForward("intra-a", world.budget.expected));
        assert.equal(world.last().event, "end");
    });

    for (const [failing, steps] of returns)
        it(`rolls back to intra-a when ${failing} fails half-way, from the last phase that was reached`, async () => {
            const { world, result } = await convert({ fails: { [failing]: 1 } });
            assert.deepEqual(world.steps(), [...FORWARD.slice(0, FORWARD.indexOf(failing as any) + 1), ...steps]);
            assert.deepEqual([result.outcome, world.reached, world.asked], ["returned", "intra-a", "intra-a"]);
            assert.match(result.why!, new RegExp(`^${failing}: it failed`));
        });

    const disproved: [failing: string, steps: string[]][] = [
        ["prepare", back("intra-a")],
        ["drain", back("prepare", "intra-a")],
        ["verify", back("stop", "drain", "prepare", "intra-a")],
        ["switch", back("start", "stop", "drain", "prepare", "intra-a")],
    ];
    for (const [failing, steps] of disproved)
        it(`rolls back to intra-a when the check after ${failing} fails`, async () => {
            const { world, result } = await convert({ disproved: { [failing]: 1 } });
            assert.deepEqual(world.steps().slice(FORWARD.indexOf(failing as any) + 1), steps);
            assert.equal(result.outcome, "returned");
        });

    it("tries a step of the rollback twice, then names it as the step that an operator must fix", async () => {
        const once = await convert({ fails: { start: 1, "back to drain": 1 } });
        assert.equal(once.result.outcome, "returned");
        const { world, result } = await convert({ fails: { start: 1, "back to drain": 2 } });
        assert.equal(result.outcome, "human");
        assert.equal(nameOf(result.failed!), "back to drain");
        assert.deepEqual([world.reached, world.asked], ["stop", "drain"]);
        assert.equal(world.last().event, "end");
    });

    it("counts how long callers got 503 from the first attempt of a step", async () => {
        const downSeconds = async (fails: Record<string, number>) => {
            const world = new FakeWorld({ fails, takes: { "back to start": 100 } });
            world.reached = world.asked = "done";
            world.begin("intra-a");
            const result = (await world.go())!;
            assert.equal(result.outcome, "returned");
            return result.downSeconds;
        };
        assert.equal(await downSeconds({ "back to start": 1 }), (await downSeconds({})) + 50);
    });

    it("aborts a rollback step that hangs, tries it again, and reports it to the operator", async () => {
        const { world, result } = await convert({ fails: { start: 1 }, takes: { "back to drain": 1e6 } });
        assert.deepEqual([result.outcome, nameOf(result.failed!)], ["human", "back to drain"]);
        assert.match(result.why!, /^the step has run for 1:00:00, longer than all timeouts in the step together/);
        assert.equal(world.steps().filter((step) => step === "back to drain").length, 2);
        // A slow rollback step is not aborted before its time limit.
        const slow = await convert({ fails: { start: 1 }, takes: { "back to drain": 3500 } });
        assert.equal(slow.result.outcome, "returned");
    });

    for (const step of ["prepare", "verify", "switch"])
        it(`does not wait for a check that never ends: after ${step} it returns`, async () => {
            const { world, result } = await convert({ silent: [step] });
            assert.equal(result.outcome, "returned");
            assert.match(
                result.why!,
                step === "prepare"
                    ? /^prepare: the check of this step did not end in 25:00/
                    : /^\w+: the step did not end within/,
            );
            assert.ok(result.downSeconds <= world.budget.seconds, `${result.downSeconds}`);
        });

    it("reports the rollback step whose check never ends to the operator, after two attempts", async () => {
        const { world, result } = await convert({ fails: { start: 1 }, silent: ["back to drain"] });
        assert.deepEqual([result.outcome, nameOf(result.failed!)], ["human", "back to drain"]);
        assert.equal(world.steps().filter((step) => step === "back to drain").length, 2);
    });

    it("aborts a hanging check when it is asked to roll back, or to stop", async () => {
        for (const order of ["back", "stop"] as const) {
            const world = new FakeWorld({ silent: ["prepare"] });
            world.begin();
            world.orderIn = { order, seconds: 1000 };
            const result = (await world.go())!;
            assert.equal(result.outcome, order === "back" ? "returned" : "stopped");
            assert.match(result.why!, /it was asked for/);
            assert.ok(world.now - Date.parse(world.entries[0].time) < 2000_000);
        }
    });

    it("rolls back from the last known phase where the outputs never arrive", async () => {
        const { world, result } = await convert({ fails: { start: 1 }, noOutputs: true });
        assert.equal(result.outcome, "returned");
        assert.deepEqual(world.steps().slice(4), back("stop", "drain", "prepare", "intra-a"));
    });

    it("reserves time for pulumi to end an aborted step, and for a check of the state after it", async () => {
        const { world } = await convert({ takes: { start: 100_000 } });
        const start = world.entries.find((entry) => entry.event === "step-end" && entry.step === "start")!;
        const drain = world.entries.find((entry) => entry.event === "step" && entry.step === "drain")!;
        const elapsed = (Date.parse(start.time) - Date.parse(drain.time)) / 1000;
        const { seconds, expected } = world.budget;
        assert.equal(elapsed, seconds - expected.verify - expected.switch - wholeReturn(expected) - TURN_SECONDS);
    });

    it("tries phase done twice, and then leaves callers with the component that demonstrably serves them", async () => {
        const once = await convert({ fails: { done: 1 } });
        assert.equal(once.result.outcome, "converted");
        const { world, result } = await convert({ fails: { done: 2 } });
        assert.deepEqual(world.steps(), [...FORWARD, "done"]);
        assert.deepEqual([result.outcome, result.place, nameOf(result.failed!)], ["human", "switch", "done"]);
        assert.equal(result.served, "alice/a1 was answered");
        const seen = world.entries.find(({ event }) => event === "serves") as { said?: string } | undefined;
        assert.equal(seen?.said, "alice/a1 was answered");
        assert.equal(world.progress().direction, "forward");
        assert.equal((await world.go())!.outcome, "converted");
        // A conversion also rolls back when this is requested in step `done`.
        const ordered = await convert({}, (world) => (world.backAt = "done"));
        assert.equal(ordered.result.outcome, "returned");
    });

    for (const unserved of ["fails", "silent"] as const)
        it(`rolls back within the budget when done fails and the component does not serve: a caller's request ${unserved === "fails" ? "fails" : "is never answered"}`, async () => {
            // `switch` ends at the latest time that the budget allows, so callers get 503 for the longest possible time.
            const late = latestEnd({ direction: "forward", to: "switch" }, new FakeWorld().budget)!;
            const spare = late - remainingForward("intra-a", expectedTimes(600));
            const takes = { start: expectedTimes(600).start + spare - 1 };
            const { world, result } = await convert({ unserved, fails: { done: 2 }, takes });
            assert.deepEqual(world.steps().slice(7), ["done", ...back(...WHOLE)]);
            assert.equal(result.outcome, "returned");
            assert.match(
                result.why!,
                /^done: it failed; and callers are not served by the component: (alice\/a1: request failed|no result within 25:00)$/,
            );
            assert.ok(
                result.downSeconds >= late - 1 + wholeReturn(world.budget.expected) &&
                    result.downSeconds + TURN_SECONDS <= world.budget.seconds,
            );
        });

    it("stops or returns on request while it checks that callers are served", async () => {
        for (const [order, outcome] of [
            ["stop", "stopped"],
            ["back", "returned"],
        ] as const) {
            const world = new FakeWorld({ unserved: "silent", fails: { done: 2 } });
            world.begin();
            // The request comes while `done` is tried twice; each try fails after 30 s.
            world.orderIn = { order, seconds: 900 + remainingForward("intra-a", expectedTimes(600)) + 100 };
            const result = (await world.go())!;
            assert.deepEqual([result.outcome, result.why], [outcome, "done: it failed"]);
        }
    });

    const EVENTS = ["step", "step-end"] as const;
    for (const event of EVENTS)
        for (const step of PHASES.slice(0, event === "step" ? -1 : -2))
            it(`rolls back to intra-a when the record cannot be written from ${event} of ${step} on`, async () => {
                const unwritable = (one: Event) => one.event === event && one.step === step;
                const { world, result } = await convert({ unwritable });
                assert.deepEqual([result.outcome, world.reached, world.asked], ["returned", "intra-a", "intra-a"]);
                assert.equal(result.why, `${step}: the record cannot be written`);
            });

    it("leaves callers with the component that serves them when the record cannot be written after switch", async () => {
        for (const unwritten of ["switch step-end", "done step"]) {
            const unwritable = (one: Event) => "step" in one && `${one.step} ${one.event}` === unwritten;
            const { world, result } = await convert({ unwritable });
            assert.deepEqual(
                [result.outcome, world.reached, result.served],
                ["human", "switch", "alice/a1 was answered"],
            );
            assert.match(result.why!, /the record cannot be written/);
        }
    });

    it("continues a rollback whose record cannot be written, and names the step that fails twice for the operator", async () => {
        const unwritable = (one: Event) => one.event === "return";
        const { world, result } = await convert({ unwritable, fails: { start: 1 } });
        assert.deepEqual([result.outcome, world.reached], ["returned", "intra-a"]);
        const twice = await convert({ unwritable, fails: { start: 1, "back to drain": 2 } });
        assert.deepEqual([twice.result.outcome, nameOf(twice.result.failed!)], ["human", "back to drain"]);
    });

    it("continues the rollback after the operator has helped", async () => {
        const { world } = await convert({ fails: { start: 1, "back to drain": 2 } });
        const before = world.steps().length;
        const again = (await world.go())!;
        assert.equal(again.outcome, "returned");
        assert.deepEqual(world.steps().slice(before), back("drain", "prepare", "intra-a"));
    });

    it("aborts a step while the rollback still fits into the budget, and rolls back within the budget", async () => {
        const { world, result } = await convert({ takes: { start: 100_000 } });
        assert.equal(result.outcome, "returned");
        assert.match(
            result.why!,
            /^start: the step did not end within \d+:\d\d of the first 503, after which the budget/,
        );
        assert.ok(result.downSeconds <= world.budget.seconds, `${result.downSeconds}`);
        // The runner used its time limit: it did not abort the step early.
        assert.ok(result.downSeconds > needed(world.budget.expected) - world.budget.expected.verify - 180);
    });

    it("does not begin a step when earlier steps have used up the time", async () => {
        const { drain, stop } = expectedTimes(600);
        const slow = { drain: drain + 3600 - needed(expectedTimes(600)) - 1, stop };
        const { world, result } = await convert({ takes: slow });
        assert.equal(result.outcome, "converted");
        const late = await convert({ takes: { ...slow, stop: stop + 2 } });
        assert.equal(late.result.outcome, "returned");
        assert.ok(!late.world.steps().includes("start"), world.steps().join());
    });

    it("has no time limit for prepare and done, which cause no 503", async () => {
        const { result } = await convert({ takes: { prepare: 100_000, done: 100_000 } });
        assert.equal(result.outcome, "converted");
    });

    it("returns on request, at once", async () => {
        const { world, result } = await convert({}, (world) => (world.backAt = "start"));
        assert.deepEqual(world.steps().slice(4), back("stop", "drain", "prepare", "intra-a"));
        assert.deepEqual([result.outcome, result.why], ["returned", "start: abort was run"]);
    });

    it("stops at the current step on request, and continues from there", async () => {
        const { world, result } = await convert({}, (world) => (world.stopAt = "stop"));
        assert.deepEqual([result.outcome, result.place], ["stopped", "drain"]);
        assert.notEqual(world.last().event, "end");
        world.stopAt = undefined;
        assert.equal((await world.go())!.outcome, "converted");
        assert.deepEqual(world.steps(), ["prepare", "drain", "stop", "stop", "start", "verify", "switch", "done"]);
    });

    it("begins no step after a request to stop, and records the current step", async () => {
        // The request comes right after the check of step `stop` has passed. No step has failed.
        const { world, result } = await convert({}, (world) => (world.stopAfter = "stop"));
        assert.deepEqual([result.outcome, result.place], ["stopped", "stop"]);
        assert.deepEqual(world.steps(), ["prepare", "drain", "stop"]);
        assert.equal(world.progress().open, undefined);
        world.stopAfter = undefined;
        assert.equal((await world.go())!.outcome, "converted");
    });

    it("continues the rollback if it was stopped right after the order to roll back", async () => {
        for (const together of ["stopAt", "stopAfter"] as const) {
            const { world, result } = await convert({}, (world) => (world.backAt = world[together] = "start"));
            assert.equal(result.outcome, "stopped");
            const told = world.progress();
            assert.deepEqual([told.direction, told.why], ["back", "abort was run"], together);
            world.backAt = world[together] = undefined;
            assert.equal((await world.go())!.outcome, "returned");
        }
    });

    it("continues from done if the order to roll back came when done was reached, and does not count done as a step back", async () => {
        const { world } = await convert({}, (world) => (world.stopAfter = "switch"));
        world.reached = world.asked = "done";
        const done = { step: "done", direction: "forward", to: "done" } as const;
        const events: Event[] = [
            { event: "step", ...done },
            { event: "step-end", ...done, outcome: "failed", seconds: 1 },
            { event: "return", why: "it was interrupted" },
        ];
        for (const event of events) world.entries.push({ ...world.last(), ...event } as Entry);
        assert.equal(world.progress().direction, "back");
        assert.deepEqual(
            world.progress().next.map(({ to }) => to),
            WHOLE,
        );
    });

    it("converts option intra-b back days later", async () => {
        const world = new FakeWorld();
        world.reached = world.asked = "done";
        world.begin("intra-a");
        const result = (await world.go())!;
        assert.equal(result.outcome, "returned");
        assert.deepEqual(world.steps(), back(...WHOLE));
        assert.equal(result.downSeconds, 60 + 720 + 720 + 60);
    });
});

describe("ops convert, bare metal's answers", () => {
    it("are those that the conversion recorded, also for a rollback that begins days later with its own record", async () => {
        const { world } = await convert();
        const there = { file: "there.jsonl", entries: [...world.entries] };
        world.entries = [];
        world.begin("intra-a");
        const { answers } = progressOf({ reached: "done", asked: "done" }, [
            there,
            { file: "back.jsonl", entries: world.entries },
        ]);
        assert.deepEqual(
            answers?.map(({ text }) => text),
            [" the capital"],
        );
        // A new conversion does not compare with the answers of an earlier conversion. The model may have changed since
        // then.
        world.entries = [];
        world.begin("intra-b");
        const again = progressOf({ reached: "intra-a", asked: "intra-a" }, [
            there,
            { file: "again.jsonl", entries: world.entries },
        ]);
        assert.equal(again.answers, undefined);
    });
});

describe("ops convert, killed", () => {
    /** Kills the conversion's process at each point, each time in a new world, and lets another process continue. */
    async function everywhere(options: WorldOptions, look: (world: FakeWorld, at: number) => Promise<void>) {
        const whole = new FakeWorld(options);
        whole.begin();
        await whole.go();
        assert.ok(whole.points > 3);
        for (let at = 0; at < whole.points; at++) {
            const world = new FakeWorld(options);
            world.begin();
            world.killAt = at;
            assert.equal(await world.go(), undefined, `point ${at} of ${whole.points}`);
            await look(world, at);
        }
    }

    it("at any step: it reports which step was open, and run continues to the end", async () => {
        await everywhere({}, async (world, at) => {
            const told = world.progress();
            const begun = world.steps().at(-1);
            assert.equal(told.open, begun, `point ${at}`);
            assert.deepEqual([told.direction, told.reached], ["forward", world.reached]);
            const [next] = told.next;
            assert.equal(nameOf(next), begun, `point ${at}: the open step is done first`);
            assert.equal((await world.go())!.outcome, "converted", `point ${at}`);
            assert.equal(world.reached, "done");
            assert.deepEqual([...world.proved], FORWARD, `point ${at}: everything was checked`);
        });
    });

    for (const [failing] of returns)
        it(`at any point after ${failing} has failed: run continues the rollback`, async () => {
            await everywhere({ fails: { [failing]: 1 } }, async (world, at) => {
                const turned = world.entries.some(({ event }) => event === "return");
                const told = world.progress();
                if (turned) assert.equal(told.direction, "back", `point ${at}`);
                const result = (await world.go())!;
                assert.equal(result.outcome, "returned", `point ${at}`);
                assert.deepEqual([world.reached, world.asked], ["intra-a", "intra-a"]);
                for (const step of returns.find(([name]) => name === failing)![1])
                    assert.ok(world.proved.has(step), `point ${at}: ${step} was not checked`);
            });
        });

    it("counts the time in which no process ran the conversion", async () => {
        const world = new FakeWorld();
        world.begin();
        world.killAt = 9; // Kill point 9 is in step `stop`.
        await world.go();
        assert.equal(world.steps().at(-1), "stop");
        world.now += 2 * 3600_000;
        const result = (await world.go())!;
        assert.equal(result.outcome, "returned");
        assert.match(result.why!, /^2:\d\d:\d\d of 1:00:00 have passed/);
        assert.ok(result.downSeconds > 2 * 3600);
    });

    it("rolls back when the record is lost after bare metal was stopped", async () => {
        const world = new FakeWorld();
        world.reached = world.asked = "stop";
        assert.equal(world.progress().direction, "back");
        assert.deepEqual(world.progress().next.map(nameOf), back("drain", "prepare", "intra-a"));
    });

    it("continues from prepare without a record: nothing is lost yet, and bare metal's answers are recorded", async () => {
        const world = new FakeWorld();
        world.reached = world.asked = "prepare";
        assert.deepEqual([world.progress().direction, world.progress().next], [undefined, []]);
        world.begin();
        assert.equal((await world.go())!.outcome, "converted");
        assert.deepEqual(world.steps(), FORWARD);
    });

    it("recognizes a stack that is in no conversion, with and without an earlier record", async () => {
        for (const place of ["intra-a", "done"] as const) {
            const world = new FakeWorld();
            world.reached = world.asked = place;
            assert.deepEqual([world.progress().direction, world.progress().next], [undefined, []]);
        }
        const { world } = await convert();
        assert.equal(world.progress().direction, undefined);
    });
});

describe("ops convert, whatever happens", () => {
    const names = [
        ...forwardFrom("intra-a"),
        ...backFrom("done", { isHalfWay: true }),
        ...backFrom("verify", { isHalfWay: true }),
    ].map(nameOf);
    const some = <T>(value: fc.Arbitrary<T>) =>
        fc.record(Object.fromEntries(names.map((name) => [name, value])), {
            requiredKeys: [],
        }) as fc.Arbitrary<Record<string, T>>;
    const options = fc.record({
        takes: some(fc.integer({ min: 0, max: 3000 })),
        expected: some(fc.integer({ min: 0, max: 1500 })),
        fails: some(fc.integer({ min: 0, max: 2 })),
        disproved: some(fc.integer({ min: 0, max: 2 })),
        budgetSeconds: fc.integer({ min: 0, max: 8000 }),
    });

    it("never continues when the rollback no longer fits into the budget", async () => {
        await fc.assert(
            fc.asyncProperty(options, async (chosen) => {
                const world = new FakeWorld({ ...chosen, fails: {}, disproved: {} });
                world.begin();
                await world.go();
                const { budget, entries } = world;
                let down: number | undefined;
                for (const entry of entries) {
                    if (entry.event === "step" && entry.step === "drain") down = Date.parse(entry.time);
                    const elapsed = down === undefined ? 0 : (Date.parse(entry.time) - down) / 1000;
                    if (entry.event === "step" && entry.direction === "forward" && entry.to !== "done") {
                        const before = PLACES[PLACES.indexOf(entry.to) - 1];
                        const most = elapsed + remainingForward(before, budget.expected) + wholeReturn(budget.expected);
                        assert.ok(most + TURN_SECONDS <= budget.seconds, `${entry.step} begun after ${elapsed} s`);
                        assert.ok(!mustReturn(before, elapsed, budget));
                    }
                    if (entry.event === "step-end" && entry.direction === "forward") {
                        const limit = latestEnd(entry, budget);
                        if (limit !== undefined) assert.ok(elapsed <= limit, `${entry.step} ended after ${elapsed} s`);
                    }
                }
            }),
            { numRuns: 300 },
        );
    });

    it("is back within the budget whichever step fails as late as possible, when the steps back take the expected time", async () => {
        const late = fc.constantFrom(...["drain", "stop", "start", "verify", "switch"]);
        const times = fc.record({ expected: some(fc.integer({ min: 0, max: 1500 })), spare: fc.nat({ max: 3000 }) });
        await fc.assert(
            fc.asyncProperty(times, late, fc.boolean(), async ({ expected, spare }, failing, halfWay) => {
                const all = { ...expectedTimes(600), ...expected };
                const budgetSeconds = needed(all) + spare;
                const lasts = expectedOf({ direction: "forward", to: failing as any }, all) + spare;
                // With `halfWay` the step hangs until the runner aborts it at its time limit. Otherwise the step ends at
                // that time, and its check fails.
                const trouble = halfWay
                    ? { takes: { [failing]: 1e6 } }
                    : { takes: { [failing]: lasts }, disproved: { [failing]: 1 } };
                const { world, result } = await convert({ expected, budgetSeconds, ...trouble });
                assert.equal(result.outcome, "returned");
                const { budget } = world;
                assert.ok(
                    result.downSeconds + TURN_SECONDS <= budget.seconds,
                    `${result.downSeconds} of ${budget.seconds}`,
                );
            }),
            { numRuns: 300 },
        );
    });

    it("a return ends in intra-a, or names the step that an operator must fix; and nothing goes forward after it", async () => {
        await fc.assert(
            fc.asyncProperty(options, fc.constantFrom(undefined, ...names), async (chosen, backAt) => {
                const world = new FakeWorld(chosen);
                world.begin();
                world.backAt = backAt;
                const result = (await world.go())!;
                const turn = world.entries.findIndex(({ event }) => event === "return");
                const after = turn < 0 ? [] : world.entries.slice(turn);
                assert.ok(after.every((entry) => entry.event !== "step" || entry.direction === "back"));
                const end = world.last();
                assert.ok(end.event === "end" && end.outcome === result.outcome);
                if (result.outcome === "converted") assert.equal(world.reached, "done");
                else if (result.outcome === "returned")
                    assert.deepEqual([world.reached, world.asked], ["intra-a", "intra-a"]);
                else {
                    assert.equal(result.outcome, "human");
                    assert.ok(result.failed!.direction === "back" || result.failed!.to === "done");
                    assert.ok(result.why);
                }
                assert.ok(!(end as { said?: string }).said?.includes("preflight"), (end as { said?: string }).said);
            }),
            { numRuns: 300 },
        );
    });

    it("a conversion that is killed anywhere and continued ends like one that is not killed", async () => {
        await fc.assert(
            fc.asyncProperty(options, fc.array(fc.nat({ max: 40 }), { maxLength: 3 }), async (chosen, kills) => {
                const world = new FakeWorld({ ...chosen, takes: {} });
                world.begin();
                let result;
                for (const more of [...kills, Infinity]) {
                    world.killAt = world.points + more;
                    result = await world.go();
                    if (result !== undefined) break;
                    assert.equal(world.progress().reached, world.reached);
                }
                assert.ok(
                    result!.outcome === "human" ||
                        world.reached === (result!.outcome === "converted" ? "done" : "intra-a"),
                );
                assert.ok(world.entries.every((entry) => !JSON.stringify(entry).includes("preflight")));
            }),
            { numRuns: 300 },
        );
    });
});
