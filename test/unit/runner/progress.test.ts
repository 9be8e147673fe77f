// Proves what a run of tests prints, on a terminal and in a CI log.
import { strict as assert } from "node:assert";
import { Progress } from "../../progress";
import type { Job, Result } from "../../side-by-side";

const UNIT: Job = { name: "unit", files: ["a"] };
const ENGINE: Job = { name: "engine tls", files: ["b"] };

const result = (job: Job, passed: number, failed: number, seconds: number): Result => ({
    ...{ job, passed, failed, seconds, failures: failed > 0 ? `\n  1) ${job.name}: why\n\n` : "" },
    log: `test-results/${job.name}.log`,
});

/** What is printed until both jobs have ended. The job that started last ends first. */
function shown(columns?: number): string {
    let text = "";
    const progress = new Progress([UNIT, ENGINE], { write: (more) => (text += more), columns });
    progress.started(UNIT);
    progress.started(ENGINE);
    const results = [result(ENGINE, 11, 1, 95.4), result(UNIT, 2000, 2, 7.6)];
    results.forEach((one) => progress.finished(one));
    progress.end(results, ["not run: x"], 101);
    return text;
}

describe("progress of a run of tests", () => {
    it("is a line for each job that ended, then failures in the order of the jobs, notes, times and counts", () =>
        assert.equal(
            shown(),
            `1/2  engine tls  1 min 35 s   11 passed, 1 FAILED: see test-results/engine tls.log
2/2  unit               8 s 2000 passed, 2 FAILED: see test-results/unit.log

==================== unit (everything it printed: test-results/unit.log)

  1) unit: why

==================== engine tls (everything it printed: test-results/engine tls.log)

  1) engine tls: why

not run: x

total 1 min 41 s; slowest: engine tls 1 min 35 s; unit 8 s
2011 passed, 3 failed
`,
        ));

    it("shows the running jobs in the last line of a terminal, and overwrites it", () => {
        const text = shown(30);
        assert.ok(text.includes("running: unit; engine tls"), text);
        const overwritten = text.split("\n").map((line) => line.split("\r\u001b[2K").pop());
        assert.deepEqual(overwritten, shown().split("\n"));
    });

    it("shows only as many running jobs as fit in a line", () => {
        for (const part of shown(15)
            .split("\r\u001b[2K")
            .filter((text) => text.startsWith("running")))
            assert.ok(part.length < 15, part);
    });
});
