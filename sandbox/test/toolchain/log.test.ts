// Proves the display of running steps on a terminal.
import assert from "node:assert/strict";
import { RunningSteps } from "../../toolchain/log";

describe("running steps", () => {
    /** A fake terminal. `lines` contains the lines that the user sees after all output. */
    class Screen {
        lines: string[] = [];
        columns = 40;
        write(text: string): void {
            const up = text.startsWith("\u001b") ? /^.\[(\d+)A.\[J$/.exec(text) : null;
            if (up) this.lines.splice(this.lines.length - Number(up[1]));
            else this.lines.push(...text.replace(/\n$/, "").split("\n"));
        }
    }

    /** A step that runs until `end` is called. */
    function step() {
        let end = () => {};
        const done = new Promise<void>((resolve) => (end = resolve));
        return { run: () => done, end };
    }

    it("have one line each on a terminal, below the permanent lines", async () => {
        const screen = new Screen();
        const steps = new RunningSteps((line) => screen.write(`${line}\n`), screen);
        const [a, b] = [step(), step()];
        const running = [steps.show("a", () => "1 of 2 MB", a.run), steps.show("b", () => undefined, b.run)];
        steps.log("first");
        assert.deepEqual(screen.lines, ["first", "a … 0s, 1 of 2 MB", "b … 0s"]);
        steps.log("second");
        assert.deepEqual(screen.lines, ["first", "second", "a … 0s, 1 of 2 MB", "b … 0s"]);
        a.end();
        await running[0];
        assert.deepEqual(screen.lines, ["first", "second", "b … 0s"]);
        b.end();
        await running[1];
        assert.deepEqual(screen.lines, ["first", "second"]);
    });

    for (const [columns, shown] of [
        [40, 39],
        [0, 79],
    ])
        it(`never fill more than one line of a terminal that reports ${columns} columns`, async () => {
            const screen = new Screen();
            screen.columns = columns;
            const steps = new RunningSteps((line) => screen.write(`${line}\n`), screen);
            const long = step();
            const running = steps.show("x".repeat(100), () => undefined, long.run);
            steps.log("line");
            assert.equal(screen.lines[1].length, shown);
            long.end();
            await running;
        });

    it("write nothing before 15 s where the output is no terminal", async () => {
        const lines: string[] = [];
        const steps = new RunningSteps((line) => lines.push(line));
        await steps.show(
            "a",
            () => undefined,
            async () => steps.log("line"),
        );
        assert.deepEqual(lines, ["line"]);
    });
});
