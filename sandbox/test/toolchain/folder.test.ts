// Proves that a folder that cannot be used is one error, at once, which names the variable to change.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("a folder of the sandbox", () => {
    let parent: string;
    beforeEach(() => {
        parent = mkdtempSync(join(tmpdir(), "folder-"));
        writeFileSync(join(parent, "file"), "");
    });
    afterEach(() => rmSync(parent, { recursive: true, force: true }));

    /** Runs in a process that can be ended, because an endless system call blocks the whole process. */
    const create = (folder: string) => {
        const call = `require("./sandbox/toolchain/folder").createFolder(process.argv[1], "ALPA_AUTH_CACHE", 0o700)`;
        const args = ["--require=tsx/cjs", "-e", call, folder];
        const run = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000, killSignal: "SIGKILL" });
        return /^ToolchainError: (.*)$/m.exec(run.stderr)?.[1] ?? String(run.status);
    };

    it("is created with its parents, for this user only", () => {
        const folder = join(parent, "a", "b");
        for (const _ of ["new", "existing"]) assert.equal(create(folder), "0");
        assert.equal(statSync(folder).mode & 0o777, 0o700);
    });

    for (const [what, folder, code] of [
        ["below a file", () => join(parent, "file", "a"), "ENOTDIR"],
        ["that is a file", () => join(parent, "file"), "ENOTDIR"],
        ...(process.platform === "linux" ? [["in /proc", () => "/proc/a/b", "ENOENT"] as const] : []),
    ] as const)
        it(`${what} is an error that says what to do`, () =>
            assert.equal(
                create(folder()),
                `ALPA_AUTH_CACHE: ${folder()} cannot be created or written (${code}). Set ALPA_AUTH_CACHE to a folder that you can write.`,
            ));
});
