// Proves that two commands never edit the files of a stack at the same time, that an edit is undone only while no later edit
// exists, and that it is not mixed with uncommitted manual edits. Git is real; Pulumi is a fake, except in the test of Ctrl-C.
import { strict as assert } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import {
    chmodSync,
    existsSync,
    lstatSync,
    mkdirSync,
    readFileSync,
    renameSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT } from "../../../../ops/context";
import { WITHOUT_PACK } from "../../../../ops/stack/policy-pack";
import { bench, type Bench, exits, STACK_FILE } from "../kit";

const ADD = ["consumer", "add", "bob", "--yes"];
const LOCKED = { code: 255, stderr: "error: the stack is currently locked by 1 lock(s). Either wait" };
const GONE = 2 ** 22 - 1;

const lockOf = ({ folder }: Pick<Bench, "folder">) => join(folder, ".alpa-auth/local/Pulumi.intra.yaml.lock");

function leaveLock(it: Bench, held: object): void {
    mkdirSync(join(it.folder, ".alpa-auth/local"), { recursive: true });
    writeFileSync(lockOf(it), JSON.stringify({ pid: GONE, since: "2026-11-25T11:00:00.000Z", ...held }));
}

describe("ops, the lock of a stack's files", () => {
    it("rejects a second command while pulumi up of the first runs, and the first keeps its edit", async () => {
        let second: Promise<{ code: number; note: string }> | undefined;
        const it = bench({
            says: ({ args }) => {
                if (args[0] !== "up" || second !== undefined) return undefined;
                second = it.ops("consumer", "revoke", "alice", "a1", "--yes");
                return second.then(() => ({ stdout: "Updating (intra)\n" }));
            },
        });
        await exits(0, it.ops(...ADD));
        const { code, note } = await second!;
        assert.equal(code, 1);
        assert.match(
            note,
            /intra: another command is changing the stack file \(pid \d+ on .*, since .*\)\. Nothing was changed\. Wait/,
        );
        assert.match(it.text(), /name: bob/);
        assert.match(it.text(), /id: a1/);
        assert.equal(it.calls.filter(({ args }) => args[0] === "up").length, 1);
    });

    for (const [how, answer] of [
        ["succeeds", {}],
        ["fails", { code: 255 }],
        ["finds the stack locked", LOCKED],
    ] as const)
        it(`is released when pulumi up ${how}`, async () => {
            let during = false;
            const it = bench({
                says: ({ args }) => {
                    if (args[0] !== "up") return undefined;
                    during = existsSync(lockOf(it));
                    return answer;
                },
            });
            await it.ops(...ADD);
            assert.deepEqual([during, existsSync(lockOf(it))], [true, false]);
        });

    it("is released when Ctrl-C ends pulumi up", () => {
        const it = bench();
        const bin = join(it.folder, "bin");
        mkdirSync(bin);
        const pulumi = `#!${process.execPath}
const [verb, noun] = process.argv.slice(2);
if (verb !== "up") console.log(noun === "export" ? '{"deployment":{}}' : '{"steps":[]}');
else {
    console.error(require("node:fs").existsSync(${JSON.stringify(lockOf(it))}) ? "locked" : "not locked");
    process.kill(process.ppid, "SIGINT");
    process.exit(1);
}`;
        writeFileSync(join(bin, "pulumi"), pulumi);
        chmodSync(join(bin, "pulumi"), 0o755);
        const { status, stderr } = spawnSync(
            process.execPath,
            [join(ROOT, "ops/alpa-auth.js"), ...ADD, "--verbose", "--stack=intra"],
            {
                encoding: "utf8",
                env: {
                    ...process.env,
                    PATH: [bin, process.env.PATH].join(delimiter),
                    ALPA_AUTH_STACK_FILES: it.folder,
                    [WITHOUT_PACK]: "a program stands for Pulumi",
                },
            },
        );
        assert.match(stderr, /^ {2}locked$/m);
        assert.equal(status, 1, stderr);
        assert.ok(!existsSync(lockOf(it)));
    });

    it("of a process that no longer runs is removed with a note", async () => {
        const it = bench();
        leaveLock(it, { host: hostname() });
        const { note } = await exits(0, it.ops(...ADD));
        assert.match(note, new RegExp(`intra: removed the lock of a command that no longer runs \\(pid ${GONE} on`));
    });

    it("of another host prevents edits until it is removed, and no command that only reads", async () => {
        const it = bench();
        leaveLock(it, { host: "elsewhere" });
        const { note } = await exits(1, it.ops(...ADD));
        const remove =
            /pid \d+ on elsewhere,.* if it no longer runs on elsewhere, remove (\S+\.lock)\. Then run this command again/;
        assert.match(note, remove);
        assert.equal(it.text(), STACK_FILE);
        await exits(0, it.ops("consumer", "add", "bob"), "a dry run");
        await exits(0, it.ops("consumer", "show", "alice"));
        rmSync(remove.exec(note)![1]);
        await exits(0, it.ops(...ADD));
    });
});

describe("ops, an edit whose pulumi up finds the stack locked", () => {
    it("stays when the file has changed since, with a message", async () => {
        const it = bench({
            says: ({ args }) => {
                if (args[0] !== "up") return undefined;
                it.write(`${it.text()}# by hand\n`);
                return LOCKED;
            },
        });
        const { note } = await exits(1, it.ops(...ADD));
        assert.match(
            note,
            /Pulumi\.intra\.yaml has changed meanwhile, so the edit was not undone\. .* the next pulumi up applies/,
        );
        assert.doesNotMatch(note, /Nothing was changed/);
        assert.match(it.text(), /name: bob[^]*# by hand\n$/);
    });
});

describe("ops, a stack file in git", () => {
    it("rejects a file that is not in git yet", async () => {
        const { ops, folder, text } = bench();
        execFileSync("git", ["init", "-q", folder]);
        const { note } = await exits(2, ops(...ADD));
        assert.match(note, /Pulumi\.intra\.yaml: is not in git yet\. Commit it/);
        assert.equal(text(), STACK_FILE);
    });

    it("rejects a file with uncommitted manual changes, but not with uncommitted changes of the commands", async () => {
        const { ops, folder, file, text } = bench();
        commit(folder);
        await exits(0, ops(...ADD));
        await exits(0, ops("consumer", "add", "eve", "--yes"), "its own edit is no obstacle");
        writeFileSync(file, `${text()}# a manual edit\n`);
        const { note } = await exits(2, ops("consumer", "add", "zoe", "--yes"));
        assert.match(
            note,
            /Pulumi\.intra\.yaml: has uncommitted changes that alpa-auth did not make \(git status: M\)/,
        );
        assert.ok(!text().includes("zoe"));
    });

    it("edits the target of a symbolic link, and asks git about the target", async () => {
        const { ops, folder, file } = bench();
        const real = join(folder, "real.yaml");
        renameSync(file, real);
        symlinkSync("real.yaml", file);
        commit(folder);
        await exits(0, ops(...ADD));
        assert.ok(lstatSync(file).isSymbolicLink());
        assert.match(readFileSync(real, "utf8"), /name: bob/);
        writeFileSync(real, STACK_FILE.replace("# in use", "# by hand"));
        assert.match((await ops(...ADD)).note, /has uncommitted changes that alpa-auth did not make/);
    });

    it("does not treat a failing git like a file without changes", async () => {
        const { ops, folder, text } = bench();
        commit(folder);
        writeFileSync(join(folder, ".git/config"), "[core\n");
        const config = await exits(2, ops(...ADD));
        assert.match(
            config.note,
            /Pulumi\.intra\.yaml: git cannot show whether it has uncommitted changes \(git status: failed\. Its output: fatal: bad config/,
        );
        rmSync(join(folder, ".git/config"));
        writeFileSync(join(folder, ".git/HEAD"), "damaged\n");
        const head = await ops(...ADD);
        assert.match(head.note, /failed\. Its output: fatal: not a git repository/);
        assert.equal(text(), STACK_FILE);
    });
});

function commit(folder: string): void {
    const git = (...args: string[]) =>
        execFileSync("git", ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com", ...args]);
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "x");
}
