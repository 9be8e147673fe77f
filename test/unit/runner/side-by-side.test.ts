// Proves that tests in several processes count, fail and end like tests in one process.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, sideBySide, sumOf, type Job, type Options } from "../../side-by-side";

describe("tests side by side", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-side-"))));
    after(() => rmSync(folder, { recursive: true, force: true }));

    const file = (name: string, text: string): Job => {
        const path = join(folder, `${name}.cjs`);
        writeFileSync(path, text);
        return { name, files: [path] };
    };
    const program = (name: string, text: string): Job => {
        const path = join(folder, `${name}.cjs`);
        writeFileSync(path, text);
        return { name, program: [path], required: true };
    };
    const run = async (jobs: Job[], options: Partial<Options> = {}) => {
        // The fixtures are plain JavaScript, because a process without the project's loader starts in a third of the
        // time.
        const args = ["--no-config", "--no-color", "--reporter=test/reporter.cjs"];
        const results = await sideBySide(jobs, { lanes: 2, args, logs: folder, ...options });
        const failures = results.map((result) => result.failures).join("");
        const logOf = (name: string) =>
            readFileSync(join(ROOT, results.find(({ job }) => job.name === name)!.log), "utf8");
        return { ...sumOf(results), results, failures, logOf };
    };

    it("count passed and failed tests in all processes, and keep the output of each process in a log", async () => {
        const { passed, failed, failures, logOf } = await run([
            file("good", `describe("good", () => { it("a", () => {}); it("b", () => {}); });`),
            file("bad", `describe("bad", () => it("c", () => { throw new Error("on purpose"); }));`),
            file("none", ""),
        ]);
        assert.deepEqual([passed, failed], [2, 1]);
        assert.match(failures, /1\) bad\s+c:\s+Error: on purpose/);
        assert.match(logOf("good"), /✔ a\n[^]*✔ b/);
        assert.match(logOf("bad"), /Error: on purpose/);
    });

    it("count a program that fails as a failure, show its output, and end all other jobs", async () => {
        const wait = file("wait", `it("x", (done) => void setInterval(() => {}, 1000));`);
        const lint = program("lint", `console.log("x.ts: wrong"); process.exitCode = 2;`);
        const { passed, failed, failures, results } = await run([wait, lint, file("never", `it("never", () => {});`)]);
        assert.deepEqual([passed, failed, failures], [0, 1, "x.ts: wrong\n"]);
        assert.deepEqual(
            results.map(({ job }) => job.name),
            ["lint"],
        );
    });

    it("count a process that ends without a result as a failure, and continue with the next", async () => {
        const { passed, failed, failures } = await run([
            file("gone", `it("x", () => process.kill(process.pid, "SIGKILL"));`),
            file("early", `it("x", () => process.exit(0));`),
            file("unreadable", "}"),
            file("last", `it("x", () => {});`),
        ]);
        assert.deepEqual([passed, failed], [1, 3]);
        assert.match(failures, /The tests ended with SIGKILL and without a result/);
        assert.match(failures, /The tests ended with 0 and without a result/);
        assert.match(failures, /SyntaxError: Unexpected token '}'/);
    });

    it("end a process that does not exit after its tests, and count it as a failure", async () => {
        const open = file("open", `it("x", () => void setInterval(() => {}, 1000));`);
        const jobs = [open, file("last", `it("x", () => {});`)];
        const { passed, failed, failures } = await run(jobs, { endMilliseconds: 4000 });
        assert.deepEqual([passed, failed], [2, 1]);
        assert.match(failures, /Its tests ended, but its process did not: a test left a handle open/);
    });

    it("end the running jobs when they are interrupted, and start no more", async () => {
        const controller = new AbortController();
        const wait = (name: string) => file(name, `it("y", (done) => void setInterval(() => {}, 1000));`);
        const started: string[] = [];
        const onStart = ({ name }: Job) => {
            if (started.push(name) === 2) controller.abort();
        };
        const jobs = [wait("a"), wait("b"), wait("c")];
        const { results } = await run(jobs, { signal: controller.signal, onStart });
        assert.deepEqual([started, results], [["a", "b"], []]);
    });
});
