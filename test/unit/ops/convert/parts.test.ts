// Proves the parts of a conversion separately: which times are expected, what a truncated record still contains, whose lock is
// valid, which differences of answers count, and what the display shows.
import { strict as assert } from "node:assert";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DEFAULT_BUDGET_MINUTES } from "../../../../config/keys/convert";
import { difference, latencyBound, type Answer } from "../../../../ops/convert/service/answers";
import { errorsIn } from "../../../../ops/convert/runner/apply";
import { append, isOver, newFile, records, type Entry, type Event } from "../../../../ops/convert/audit";
import { duration, needed, neededBack } from "../../../../ops/convert/clock";
import { remainingForward, returnFrom, TURN_SECONDS, wholeReturn } from "../../../../ops/convert/clock";
import { budgetProblems } from "../../../../ops/convert/checks";
import { expectedTimes, measured, patience, timesToKeep } from "../../../../ops/convert/expected";
import { holderOf, orderFile, takeLock } from "../../../../ops/convert/lock/lock";
import { ProgressDisplay, renderProgress } from "../../../../ops/convert/progress";
import type { Place } from "../../../../ops/convert/phases";
import { whatAHumanMustDo } from "../../../../ops/convert/report";
import { placeIn, restOf, setPlace } from "../../../../ops/convert/stack-edit";
import { callAt, startClock } from "../../../../ops/convert/runner/timer";
import { CONVERT_FILE } from "./service";
import { PLACES } from "./world";

const entry = (event: Event): Entry => ({ time: "2026-11-26T12:00:00.000Z", run: "r", who: "alice@ops", ...event });
const step = (name: "start" | "stop", seconds: number, outcome: "done" | "failed" = "done"): Entry[] => [
    entry({ event: "step", step: name, direction: "forward", to: name }),
    entry({ event: "step-end", step: name, direction: "forward", to: name, outcome, seconds }),
];
const conversion = (...entries: Entry[][]) => ({ file: "", entries: entries.flat() });

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-convert-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("ops convert, expected times", () => {
    it("are the longest of the last three conversions that have the step", () => {
        const times = [900, 100, 400, 300].map((seconds) => conversion(step("start", seconds)));
        assert.deepEqual(measured(times), { start: 400 });
    });

    it("are not those of a step that failed, or that was continued after a crash", () => {
        const failed = conversion(step("start", 10, "failed"));
        const resumed = conversion(step("start", 10).slice(0, 1), step("start", 3));
        assert.deepEqual(measured([failed, resumed, conversion(step("stop", 5))]), { stop: 5 });
    });

    it("are not those of a phase that is repeated during a rollback, where nothing had to be loaded", () => {
        const back = (to: "drain" | "prepare", seconds: number): Entry[] => [
            entry({ event: "step", step: `back to ${to}`, direction: "back", to }),
            entry({ event: "step-end", step: `back to ${to}`, direction: "back", to, outcome: "done", seconds }),
        ];
        const drained: Event = {
            event: "step-end",
            step: "drain",
            direction: "forward",
            to: "drain",
            outcome: "done",
            seconds: 9,
        };
        const failed = conversion([entry(drained)], step("stop", 26, "failed"), back("drain", 29), back("prepare", 17));
        assert.deepEqual(measured([failed]), { "back to prepare": 17 });
        const stopped = conversion(step("stop", 26), back("drain", 700), back("prepare", 17));
        assert.equal(measured([stopped, failed])["back to drain"], 700);
    });

    it("are not those measured by a clock that was set back meanwhile", () => {
        assert.deepEqual(measured([conversion(step("start", -3599))]), {});
    });

    it("are kept for other clones in whole seconds, if callers get 503 meanwhile", () => {
        const done: Event = {
            event: "step-end",
            step: "done",
            direction: "forward",
            to: "done",
            outcome: "done",
            seconds: 4,
        };
        const begun: Event = { event: "step", step: "done", direction: "forward", to: "done" };
        const times = conversion(step("start", 12.3), [entry(begun), entry(done)]);
        assert.equal(measured([times]).done, 4);
        assert.deepEqual(timesToKeep([times]), { start: 13 });
    });
});

describe("ops convert, times of steps that were never measured", () => {
    it("include the longest answer once in each direction: open answers of each side may finish", () => {
        const [short, long] = [expectedTimes(0), expectedTimes(600)];
        assert.equal(remainingForward("intra-a", long) - remainingForward("intra-a", short), 600);
        assert.equal(neededBack(long) - neededBack(short), 600);
        assert.equal(wholeReturn(long) - wholeReturn(short), 600);
        assert.equal(
            long["back to stop"] - short["back to stop"],
            600,
            "they finish in the step that stops their side",
        );
        assert.equal(long["back to start"], short["back to start"]);
    });

    it("fit into the default budget together with the longest rollback, but not with answers longer by five minutes", () => {
        const seconds = DEFAULT_BUDGET_MINUTES * 60;
        const budget = (answer: number) => ({
            seconds,
            expected: expectedTimes(answer),
            patienceSeconds: 0,
            lookSeconds: 0,
        });
        assert.deepEqual(budgetProblems(budget(600), "forward"), []);
        assert.equal(needed(expectedTimes(600)), 28 * 60 + TURN_SECONDS + 26 * 60);
        const [said] = budgetProblems(budget(900), "forward");
        assert.match(
            said,
            /^convert\.budgetMinutes: must be at least 67, for the expected or measured times: 33:00 forward, 2:30 to interrupt a failed step, and 31:00 back .*\(got 60\)/,
        );
    });
});

describe("ops convert, the longest rollback", () => {
    it("is that of a failed switch, whose callers were routed to the component", () => {
        const expected = expectedTimes(600);
        assert.equal(wholeReturn(expected), returnFrom("switch", expected));
        assert.ok(wholeReturn(expected) > returnFrom("verify", expected));
    });

    it("includes the phase that is repeated after a step that failed half-way", () => {
        const expected = { ...expectedTimes(600), "back to verify": 1000 };
        assert.equal(wholeReturn(expected), 1000 + 720 + 720 + 60);
    });
});

describe("ops convert, the time limit of the rollback", () => {
    it("includes every wait for every host: free GPUs, the start, the stop of workers, and the model at the end", () => {
        const one = CONVERT_FILE.replace(
            "unit: alpa-ray.service",
            "startTimeoutSeconds: 1000\n      stopTimeoutSeconds: 50",
        );
        assert.equal(patience(CONVERT_FILE, 600), 600 + (2400 + 2 * 120) + 2400 + 900);
        assert.equal(patience(one, 0) - patience(CONVERT_FILE, 0), 2 * (1000 - 2400) + 2 * (50 - 120));
        const second = "- { address: 10.20.96.189, user: ops }";
        const two = CONVERT_FILE.replace("        - address: 10.20.96.188\n", `        ${second}\n$&`);
        assert.equal(patience(two, 0) - patience(CONVERT_FILE, 0), 2400 + 2 * 120);
    });
});

describe("ops convert, the record", () => {
    const begin: Event = {
        event: "begin",
        from: "intra-a",
        to: "intra-b",
        budgetSeconds: 3600,
        versions: { program: "0", pulumi: "v3", node: "v20" },
    };
    const write = (...events: Event[]) => {
        const file = newFile(folder, "intra", new Date("2026-11-26T12:00:00Z"));
        events.forEach((event) => append(file, entry(event)));
        return file;
    };

    it("is one file for each conversion, which other stacks with a similar name do not read", () => {
        assert.match(write(begin), /\.alpa-auth\/convert\/intra-20261126T120000Z\.jsonl$/);
        assert.equal(records(folder, "intra").length, 1);
        for (const other of ["intr", "intra-2", "in.ra"]) assert.deepEqual(records(folder, other), []);
    });

    it("of a new conversion sorts after all others, although one of them has a time of a clock that was ahead", () => {
        write(begin);
        for (const at of ["2026-11-26T11:00:00Z", "2026-11-26T12:00:00.900Z"])
            assert.match(newFile(folder, "intra", new Date(at)), /intra-20261126T120001Z\.jsonl$/);
    });

    it("contains all but the last line after a crash has truncated that line, and is continued", () => {
        const file = write(begin);
        appendFileSync(file, '{"time":"2026-11-26T12:0');
        assert.deepEqual(
            records(folder, "intra")[0].entries.map(({ event }) => event),
            ["begin"],
        );
        append(file, entry({ event: "return", why: "x" }));
        append(file, entry({ event: "end", outcome: "returned", place: "intra-a", downSeconds: 0 }));
        assert.deepEqual(
            records(folder, "intra")[0].entries.map(({ event }) => event),
            ["begin", "return", "end"],
        );
    });

    it("contains all events after a power failure that has left zeros at the end of the file", () => {
        const file = write(begin);
        appendFileSync(file, "\0".repeat(300));
        append(file, entry({ event: "return", why: "x" }));
        appendFileSync(file, `{"time":"2026${"\0".repeat(300)}`);
        assert.deepEqual(
            records(folder, "intra")[0].entries.map(({ event }) => event),
            ["begin", "return"],
        );
    });

    it("is rejected with the number of a line whose JSON is not an object", () => {
        for (const line of ["null", "5", '["a"]']) {
            writeFileSync(write(begin), `${line}\n`);
            assert.throws(() => records(folder, "intra"), /must have one JSON object in each line \(line 1 has none/);
            rmSync(join(folder, ".alpa-auth/convert"), { recursive: true });
        }
    });

    it("is rejected with the number of a line with a merge conflict", () => {
        const file = write(begin);
        writeFileSync(file, `<<<<<<< HEAD\n${readFileSync(file, "utf8")}`);
        assert.throws(() => records(folder, "intra"), /must have one JSON object in each line \(line 1 has none/);
    });

    it("shows an end when the conversion is complete or rolled back, and none while an operator is needed", () => {
        const end = (outcome: "converted" | "returned" | "human"): Event => ({
            event: "end",
            outcome,
            place: "stop",
            downSeconds: 1,
        });
        assert.deepEqual(
            (["converted", "returned", "human"] as const).map((one) =>
                isOver(conversion([entry(begin), entry(end(one))])),
            ),
            [true, true, false],
        );
        assert.equal(isOver(conversion([entry(begin)])), false);
    });
});

describe("ops convert, the lock", () => {
    const file = () => join(folder, ".alpa-auth/local/convert-intra.lock");
    const leave = (held: object) => {
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        writeFileSync(file(), JSON.stringify({ who: "bob@ops", since: "2026-11-26T12:00:00.000Z", ...held }));
    };
    const take = () => takeLock(folder, "intra", "alice@ops", new Date());

    it("is held by only one process, and released", () => {
        const release = take();
        assert.throws(take, /intra: has a conversion in progress already \(by alice@ops since/);
        assert.equal(holderOf(folder, "intra")!.pid, process.pid);
        release();
        assert.equal(existsSync(file()), false);
        take()();
    });

    it("of an ended process is taken over, also if another process has its pid now", () => {
        leave({ pid: 2 ** 22 - 1, host: hostname() });
        take()();
        leave({ pid: process.pid, began: "1", host: hostname() });
        assert.equal(holderOf(folder, "intra"), undefined);
        take()();
    });

    it("deletes an order to roll back that the previous process has not read", () => {
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        writeFileSync(orderFile(folder, "intra"), "");
        take()();
        assert.equal(existsSync(orderFile(folder, "intra")), false);
    });

    it("of another machine is respected, since its process is unknown", () => {
        leave({ pid: 2 ** 22 - 1, host: "elsewhere" });
        assert.throws(take, /pid \d+ on elsewhere\).*If that process no longer exists, remove .*convert-intra\.lock/);
        assert.equal(holderOf(folder, "intra")!.who, "bob@ops");
    });
});

describe("ops convert, answers", () => {
    const text: Answer = { method: "completions", prompt: "p", text: "a", milliseconds: 1 };
    const likely: Answer = { method: "logprobs", prompt: "p", tokens: [5, 6], logprobs: [-0.5, -1], milliseconds: 1 };
    const cases: [what: string, one: Answer, other: Partial<Answer>, differs: RegExp | undefined][] = [
        ["the same text", text, {}, undefined],
        ["another text", text, { text: "b" }, /the text is "b" instead of "a"/],
        ["an answer that took longer", text, { milliseconds: 900 }, undefined],
        ["another likeliest token", likely, { tokens: [6, 5] }, /likeliest token is 6 instead of 5/],
        ["a logprob that differs by rounding", likely, { logprobs: [-0.51, -1] }, undefined],
        ["a logprob of another model", likely, { logprobs: [-0.7, -1] }, /logprob is \S+ instead of -0\.5/],
        ["an invalid logprob", likely, { logprobs: [NaN, -1] }, /logprob is \S+ instead of -0\.5/],
        ["no logprobs", likely, { tokens: [], logprobs: [] }, /likeliest token is undefined instead of 5/],
    ];
    for (const [what, one, other, differs] of cases)
        it(`${what}: ${differs === undefined ? "no difference" : "a difference"}`, () => {
            const found = difference(one, { ...one, ...other });
            if (differs === undefined) assert.equal(found, undefined);
            else assert.match(found!, differs);
        });

    it("may take twice as long as bare metal's, plus the wait for a batch", () => {
        assert.equal(latencyBound(4000), 10_000);
    });
});

describe("ops convert, the stack file", () => {
    it("is the same after both directions", () => {
        const there = setPlace(setPlace(CONVERT_FILE, "prepare"), "drain");
        assert.equal(placeIn(there), "drain");
        assert.equal(setPlace(there, "intra-a"), CONVERT_FILE);
    });

    it("is still of the same stack while it differs only in what a conversion changes", () => {
        assert.equal(restOf(setPlace(CONVERT_FILE, "done")), restOf(CONVERT_FILE));
        assert.notEqual(restOf(CONVERT_FILE.replace("alice", "bob")), restOf(CONVERT_FILE));
        assert.notEqual(restOf(CONVERT_FILE.replace("budgetMinutes: 60", "budgetMinutes: 61")), restOf(CONVERT_FILE));
    });
});

describe("ops convert, its clock", () => {
    it("continues when the system's clock is set back, and counts the time in which the machine slept", () => {
        let [system, steady] = [1_000_000, 500];
        const now = startClock(
            0,
            () => system,
            () => steady,
        );
        [system, steady] = [system - 3_600_000, steady + 2000];
        assert.equal(now(), 1_002_000);
        system = 1_900_000;
        assert.equal(now(), 1_900_000);
    });

    it("starts at the last recorded time on a machine whose clock is behind", () => {
        let steady = 500;
        const now = startClock(
            4_600_000,
            () => 1_000_000,
            () => steady,
        );
        steady += 2000;
        assert.equal(now(), 4_602_000);
    });

    it("runs a call at its time, or soon after a sleep that lasted longer, and not at once where the time is a month away", async () => {
        let time = 0;
        const called: string[] = [];
        const at = (instant: number, what: string) =>
            callAt(
                () => time,
                instant,
                () => called.push(what),
                0.005,
            );
        const undo = [at(3_600_000, "an hour"), at(2 ** 31 + 1, "a month"), at(3_600_000, "undone")];
        undo[2]();
        await pause(30);
        assert.deepEqual(called, []);
        time = 3_600_001;
        await pause(100);
        assert.deepEqual(called, ["an hour"]);
        undo[1]();
    });
});

describe("ops convert, the display", () => {
    const began = Date.parse("2026-11-26T12:10:00Z");
    const view = {
        step: { direction: "forward", to: "start" } as const,
        began,
        expectedSeconds: 900,
        latestEnd: began + 1200_000,
        downSince: began - 300_000,
    };

    it("shows the progress of the step, what it waits for, and when it rolls back by itself", () => {
        assert.equal(
            renderProgress(view, began + 65_000, "alpa-opt updating"),
            "start: 1:05 of about 15:00; callers have got 503 for 6:05; rolls back by itself if not done in 18:55; " +
                "waits until the model is loaded in the component | alpa-opt updating",
        );
        assert.match(renderProgress(view, began + 1201_000, ""), /rolling back/);
    });

    it("prints lines where there is no terminal, and one changing line where there is one", () => {
        const notes: string[] = [];
        const plain = new ProgressDisplay({ note: (text) => notes.push(text) });
        plain.show(view);
        plain.line("\x1b[32m~ alpa-opt updating\x1b[0m");
        plain.show(undefined);
        assert.match(notes.join("\n"), /^\nstart: the component runs\.\n/);
        assert.ok(notes.some((line) => line.includes("alpa-opt updating")));
        const drawn: string[] = [];
        const said: string[] = [];
        const terminal = new ProgressDisplay({ note: (text) => said.push(text), terminal: (text) => drawn.push(text) });
        terminal.show(view);
        terminal.line("~ alpa-opt updating");
        terminal.show(undefined);
        assert.ok(drawn.every((text) => text.startsWith("\r\x1b[K") && !text.includes("\n")));
        assert.equal(said.length, 1);
    });

    it("shows durations like a clock", () => {
        assert.deepEqual([0, 5, 65, 3600, 3725].map(duration), ["0:00", "0:05", "1:05", "1:00:00", "1:02:05"]);
    });
});

describe("ops convert, what the operator must do", () => {
    const said = (to: Place) => whatAHumanMustDo({ direction: "back", to }, "no room", "intra");

    it("is printed for each step of the rollback, with a command that works as pasted", () => {
        for (const to of PLACES.filter((place) => place !== "done")) {
            assert.match(said(to), /1\. Correct this error\. \S/, to);
            assert.doesNotMatch(said(to), /^ {2}1.*: (npm|kubectl|pulumi) .*\.$/m, to);
        }
    });

    it("looks for the component's pods in every namespace: in that of kubectl there are none", () => {
        assert.match(said("stop"), /kubectl get pods -A -l ray\.io\/cluster$/m);
    });
});

describe("ops convert, Pulumi's errors", () => {
    it("are printed once each, without Pulumi's other output", () => {
        const said = [
            "Updating (intra):",
            " +  alpa creating",
            "    error: the pod was not ready within 60 s",
            "    error: the pod was not ready within 60 s",
            "\x1b[31merror: update failed\x1b[0m",
        ].join("\n");
        assert.equal(errorsIn(said), "the pod was not ready within 60 s");
        const remote = [
            " ~  alpa **updating failed** error: it ended",
            "  error: it ended with 1:",
            "  dgx-01: the GPUs were not free",
        ];
        assert.equal(errorsIn(remote.join("\n")), "it ended with 1: dgx-01: the GPUs were not free");
        const all = ["    error: 2 problems in the cluster, nothing was changed:", "      - a", "      - b", "", "x"];
        assert.equal(errorsIn(all.join("\n")), "2 problems in the cluster, nothing was changed: - a - b");
        const pack = ["Policies:", "    alpa-auth@v0.1.0", "        - [mandatory]  versions-pinned  (route)", ""];
        const refused = [...pack, "Diagnostics:", "  pulumi:pulumi:Stack:", "    error: preview failed"];
        assert.match(
            errorsIn(refused.join("\n")),
            /^The policy pack rejects the change: .* - \[mandatory\] versions-pinned \(route\)$/,
        );
        assert.equal(errorsIn("a\nb\nc\nd\n"), "b; c; d");
        assert.equal(errorsIn(""), "it printed nothing");
        assert.ok(errorsIn(`error: ${"x".repeat(5000)}`).length < 2100);
    });
});
