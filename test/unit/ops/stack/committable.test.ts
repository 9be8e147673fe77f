// Proves which files commands advise to commit, and which changes count as uncommitted, with a real git.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { committable, execute, uncommitted } from "../../../../ops/stack/history/commits";

describe("files that may be committed", () => {
    const root = mkdtempSync(join(tmpdir(), "alpa-auth-committable-"));
    after(() => rmSync(root, { recursive: true, force: true }));
    const clone = join(root, "clone");
    const file = (name: string) => {
        mkdirSync(join(root, name, ".."), { recursive: true });
        writeFileSync(join(root, name), "");
        return join(root, name);
    };

    it("are tracked and new files, not files that git ignores or that are in no work tree", async () => {
        mkdirSync(clone);
        execFileSync("git", ["-C", clone, "init", "-q"]);
        const [tracked, forced] = [file("clone/Pulumi.intra.yaml"), file("clone/.sandbox/forced.yaml")];
        execFileSync("git", ["-C", clone, "add", tracked, forced]);
        writeFileSync(join(clone, ".gitignore"), ".sandbox/\n");
        const added = file("clone/.alpa-auth/handouts/intra/a.k.json");
        const link = join(root, "link.yaml");
        symlinkSync(tracked, link);
        const others = [file("clone/.sandbox/stack-files/Pulumi.intra.yaml"), file("elsewhere.yaml")];
        assert.deepEqual(await committable([tracked, ...others, forced, added, link]), [tracked, forced, added, link]);
    });

    it("count as uncommitted if they have changed or a run reads them, as the state of a conversion", async () => {
        const other = join(root, "other");
        mkdirSync(other);
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", other, "-c", "user.name=a", "-c", "user.email=a@b", ...args]);
        git("init", "-q");
        const tracked = file("other/Pulumi.intra.yaml");
        git("add", ".");
        git("commit", "-qm", "first");
        file("other/notes.txt");
        file("other/.alpa-auth/convert/intra.jsonl");
        assert.deepEqual(await uncommitted(other), []);
        file("other/.alpa-auth/convert/intra.json");
        writeFileSync(tracked, "a");
        assert.match(`${await uncommitted(other)}`, /\(git status: M Pulumi\.intra\.yaml and 1 more\)/);
    });

    it("are read within a time limit", () =>
        assert.rejects(execute("sleep", ["60"], root, 0.2), /sleep 60: stopped after 0\.2 s/));
});
