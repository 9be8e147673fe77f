// Proves which test files each level runs, and which files a part of a path selects.
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { checks, levelOf, tests, type Level } from "../../levels";
import { ROOT } from "../../side-by-side";

const filesOf = (level: Level, ...parts: string[]) => tests(level, parts).flatMap(({ files }) => files);

describe("levels of tests", () => {
    it("run each test file once, and only files that exist", () => {
        const files = filesOf("full");
        assert.ok(files.length > 200, `${files.length}`);
        assert.deepEqual(files, [...new Set(files)]);
        for (const file of files) assert.ok(existsSync(join(ROOT, file)), file);
    });

    const first: [file: string, level: Level][] = [
        ["test/unit/runner/levels.test.ts", "check"],
        ["test/golden/stacks.test.ts", "check"],
        ["test/engine/gateway/tls.test.ts", "test"],
        ["test/engine/sandbox/cli.test.ts", "test"],
        ["test/engine/sandbox/cli-stacks.test.ts", "full"],
        ["test/engine/ops/commands.test.ts", "test"],
        ["test/engine/ops/review.test.ts", "full"],
        ["test/chaos/rollback.test.ts", "full"],
        ["test/unit/components/hosts/bare-metal-script.test.ts", "test"],
        ["test/unit/policy/attacks.test.ts", "check"],
        ["sandbox/test/processes.test.ts", "test"],
    ];
    for (const [file, level] of first)
        it(`run ${file} from ${level} on`, () => {
            assert.equal(levelOf(file), level);
            const running = (["lint", "check", "test", "full"] as const).filter((one) => filesOf(one).includes(file));
            assert.equal(running[0], level);
            assert.equal(running.at(-1), "full");
        });

    it("run the files whose path contains one of the given parts, also those of the full level", () => {
        assert.deepEqual(filesOf("test", "engine/gateway/tls", "runner/levels"), [
            "test/unit/runner/levels.test.ts",
            "test/engine/gateway/tls.test.ts",
        ]);
        assert.ok(filesOf("test", "chaos/").length > 5);
        assert.deepEqual(filesOf("check", "chaos/"), []);
        assert.deepEqual(filesOf("test", "no such part"), []);
    });

    describe("of lint", () => {
        let folder: string;
        before(() => {
            folder = mkdtempSync(join(tmpdir(), "levels-"));
            writeFileSync(join(folder, "shellcheck"), "", { mode: 0o755 });
        });
        after(() => rmSync(folder, { recursive: true }));
        const executables = (PATH: string) => checks({ PATH }).flatMap((job) => ("executable" in job ? [job] : []));

        it("have ShellCheck check the sh scripts, if it is on PATH", () => {
            const [job, ...others] = executables(["/nowhere", folder].join(delimiter));
            assert.deepEqual([job.executable, job.required, others], [join(folder, "shellcheck"), true, []]);
            for (const file of ["components/hosts/as-user.sh", "components/opt/head.sh"])
                assert.ok(job.program.includes(file), file);
        });
    });
});
