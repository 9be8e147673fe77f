// Proves that tests in several processes count, fail and end as those of one do.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inSuites, sideBySide, type Job } from "../side-by-side";

describe("tests side by side", function () {
    this.timeout(180_000); // three processes, half a second each where nothing else runs
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-side-"))));
    after(() => rmSync(folder, { recursive: true, force: true }));

    const file = (name: string, text: string): Job => {
        const path = join(folder, `${name}.cjs`);
        writeFileSync(path, text);
        return [path];
    };
    interface Given {
        signal?: AbortSignal;
        onText?: (text: string) => void;
        endMilliseconds?: number;
    }
    const run = async (jobs: Job[], { signal, onText = () => undefined, endMilliseconds }: Given = {}) => {
        let said = "";
        // The fixtures are plain JavaScript: without the project's loader a process starts in a third of the time.
        const write = (text: string) => void ((said += text), onText(text));
        const args = ["--no-config", "--no-color", "--reporter=test/reporter.cjs"];
        return { ...(await sideBySide(jobs, { lanes: 2, write, signal, args, endMilliseconds })), said };
    };

    it("counts what passed and failed in all of them, and keeps the failures for the end", async () => {
        const { passed, failed, failures, said } = await run([
            file("good", `describe("good", () => { it("a", () => {}); it("b", () => {}); });`),
            file("bad", `describe("bad", () => it("c", () => { throw new Error("on purpose"); }));`),
            file("none", ""),
        ]);
        assert.deepEqual([passed, failed], [2, 1]);
        assert.match(failures, /1\) bad\s+c:\s+Error: on purpose/);
        assert.match(said, /✔ a\n[^]*✔ b/);
        assert.doesNotMatch(said, /Error: on purpose/);
    });

    it("tells the first failures of a suite whole, and names those after them", async () => {
        const many = `for (let i = 1; i < 6; i++) it("t" + i, () => { throw new Error("why " + i); });`;
        const { failed, failures } = await run([
            file("many", `describe("one", () => { ${many} }); describe("two", () => { ${many} });`),
        ]);
        assert.equal(failed, 10);
        const told = [...failures.matchAll(/Error: (why \d)/g)].map(([, why]) => why);
        assert.deepEqual(told, ["why 1", "why 2", "why 3", "why 1", "why 2", "why 3"]);
        const named = [...failures.matchAll(/^ {2}and: (.*)$/gm)].map(([, title]) => title);
        assert.deepEqual(named, ["one t4", "one t5", "two t4", "two t5"]);
    });

    it("takes a process that ends without a result for a failure, and goes on with the next", async () => {
        const { passed, failed, failures } = await run([
            file("gone", `it("x", () => process.kill(process.pid, "SIGKILL"));`),
            file("early", `it("x", () => process.exit(0));`),
            file("unreadable", "}"),
            file("last", `it("x", () => {});`),
        ]);
        assert.deepEqual([passed, failed], [1, 3]);
        assert.match(failures, /gone\.cjs: the tests ended with SIGKILL and without a result/);
        assert.match(failures, /early\.cjs: the tests ended with 0 and without a result/);
    });

    it("ends a process that goes on after its tests, and takes it for a failure", async () => {
        const open = file("open", `it("x", () => void setInterval(() => {}, 1000));`);
        const jobs = [open, file("last", `it("x", () => {});`)];
        const { passed, failed, failures } = await run(jobs, { endMilliseconds: 4000 });
        assert.deepEqual([passed, failed], [2, 1]);
        assert.match(failures, /open\.cjs: its tests ended, and its process did not: something was left open/);
    });

    it("tells each process its lane, and gives the next one to the lane that is free", async () => {
        const show = `it("lane " + process.env.TEST_LANE, () => {});`;
        const there = JSON.stringify(join(folder, "there"));
        const last = `${show} it("last", () => require("node:fs").writeFileSync(${there}, ""));`;
        const wait = `const look = () => require("node:fs").existsSync(${there}) ? done() : setTimeout(look, 50); look();`;
        const slow = `it("slow", function (done) { this.timeout(150_000); ${wait} });`;
        const { said, took } = await run([file("slow", slow), file("one", show), file("two", last)]);
        assert.equal(said.match(/✔ lane 1/g)?.length, 2, said);
        assert.equal(took.length, 3);
        const [slowest, ...rest] = took.sort((one, other) => other.seconds - one.seconds);
        assert.match(slowest.job[0], /slow\.cjs$/, JSON.stringify(took));
        assert.ok(
            rest.every(({ seconds }) => seconds > 0),
            JSON.stringify(took),
        );
    });

    it("ends those that run when it is interrupted, and starts no more", async () => {
        const controller = new AbortController();
        const wait = file(
            "wait",
            `describe("waits", () => { it("x", () => {}); it("y", (done) => void setInterval(() => {}, 1000)); });`,
        );
        const never = file("never", `it("never", () => {});`);
        const onText = () => controller.abort();
        const { said, failed } = await run([wait, wait, never], { signal: controller.signal, onText });
        assert.doesNotMatch(said, /never/);
        assert.equal(failed, 0);
    });

    it("shows whole suites: what one prints does not stand in the middle of another's", () => {
        const shown: string[] = [];
        const { take, end } = inSuites((text) => shown.push(text));
        const list = "\n\n  first\n    ✔ a\n    inner\n      ✔ b\n\n  second\n    ✔ c\n";
        for (let at = 0; at < list.length; at += 7) take(list.slice(at, at + 7));
        end();
        assert.deepEqual(shown, ["\n\n", "  first\n    ✔ a\n    inner\n      ✔ b\n\n", "  second\n    ✔ c\n"]);
    });
});
