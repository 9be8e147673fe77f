// Proves that a change is not mixed with other edits: it is rejected if the file has uncommitted manual edits, and
// continues with edits that the commands wrote or restored themselves. Git is the real one, Pulumi a fake.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { copyFileSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench, exits, STACK_FILE } from "../kit";

const ADD = ["consumer", "add", "bob"];

describe("ops, a stack file in git", () => {
    it("rejects a file with uncommitted manual changes, but not with uncommitted changes of the commands", async () => {
        const { ops, folder, file, text } = bench();
        commit(folder);
        await exits(0, ops(...ADD, "--yes"));
        await exits(0, ops("consumer", "add", "eve", "--yes"), "its own edit is no obstacle");
        writeFileSync(file, `${text()}# a manual edit\n`);
        const { note } = await exits(2, ops("consumer", "add", "zoe", "--yes"));
        assert.match(
            note,
            /Pulumi\.intra\.yaml: has uncommitted changes that alpa-auth did not make \(git status: M\)/,
        );
        assert.ok(!text().includes("zoe"));
    });

    it("continues with a command's uncommitted edit after a run that found the stack locked", async () => {
        let locked = false;
        const { ops, folder, text } = bench({
            says: ({ args }) =>
                locked && args[0] === "up" ? { code: 255, stderr: "the stack is currently locked by 1" } : undefined,
        });
        commit(folder);
        await exits(0, ops("consumer", "add", "one", "--yes"));
        locked = true;
        await exits(1, ops("consumer", "add", "two", "--yes"));
        locked = false;
        await exits(0, ops("consumer", "add", "two", "--yes"));
        assert.match(text(), /name: one[^]*name: two/);
    });

    it("continues with a file that was restored from its copy", async () => {
        const { ops, folder, file, text } = bench();
        commit(folder);
        await exits(0, ops("consumer", "add", "one", "--yes"));
        await exits(0, ops("consumer", "add", "two", "--yes"));
        copyFileSync(join(folder, ".alpa-auth/local/Pulumi.intra.yaml.before"), file);
        await exits(0, ops("consumer", "add", "three", "--yes"));
        assert.match(text(), /name: one/);
        assert.ok(!text().includes("two"));
    });

    it("edits the target of a symbolic link, and asks git about the target", async () => {
        const { ops, folder, file } = bench();
        const real = join(folder, "real.yaml");
        renameSync(file, real);
        symlinkSync("real.yaml", file);
        commit(folder);
        await exits(0, ops(...ADD, "--yes"));
        assert.ok(lstatSync(file).isSymbolicLink());
        assert.match(readFileSync(real, "utf8"), /name: bob/);
        writeFileSync(real, STACK_FILE.replace("# in use", "# by hand"));
        assert.match((await ops(...ADD, "--yes")).note, /has uncommitted changes that alpa-auth did not make/);
    });

    it("does not treat a failing git like a file without changes", async () => {
        const { ops, folder, text } = bench();
        commit(folder);
        writeFileSync(join(folder, ".git/config"), "[core\n");
        const config = await exits(2, ops(...ADD, "--yes"));
        assert.match(
            config.note,
            /Pulumi\.intra\.yaml: git cannot show whether it has uncommitted changes \(git status: failed\. Its output: fatal: bad config/,
        );
        rmSync(join(folder, ".git/config"));
        writeFileSync(join(folder, ".git/HEAD"), "damaged\n");
        const head = await ops(...ADD, "--yes");
        assert.match(head.note, /failed\. Its output: fatal: not a git repository/);
        assert.equal(text(), STACK_FILE);
    });

    it("rejects an edit of a clone where git is missing", async () => {
        const { ops, folder } = bench();
        commit(folder);
        const { PATH } = process.env;
        process.env.PATH = folder;
        try {
            assert.match((await exits(2, ops(...ADD))).note, /git cannot show .*ENOENT/);
        } finally {
            process.env.PATH = PATH;
        }
    });
});

function commit(folder: string): void {
    const git = (...args: string[]) =>
        execFileSync("git", ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com", ...args]);
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "x");
}
