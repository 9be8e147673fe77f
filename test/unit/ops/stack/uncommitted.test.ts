// Proves which changes count as uncommitted, with a real git.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, uncommitted } from "../../../../ops/stack/history/commits";

describe("uncommitted changes", () => {
    const root = mkdtempSync(join(tmpdir(), "alpa-auth-committable-"));
    after(() => rmSync(root, { recursive: true, force: true }));
    const file = (name: string) => {
        mkdirSync(join(root, name, ".."), { recursive: true });
        writeFileSync(join(root, name), "");
        return join(root, name);
    };

    it("are those of files that git tracks", async () => {
        const other = join(root, "other");
        mkdirSync(other);
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", other, "-c", "user.name=a", "-c", "user.email=a@b", ...args]);
        git("init", "-q");
        const tracked = file("other/Pulumi.intra.yaml");
        git("add", ".");
        git("commit", "-qm", "first");
        file("other/notes.txt");
        assert.deepEqual(await uncommitted(other), []);
        writeFileSync(tracked, "a");
        assert.match(`${await uncommitted(other)}`, /\(git status: M Pulumi\.intra\.yaml\)/);
    });

    it("are read within a time limit", () =>
        assert.rejects(execute("sleep", ["60"], root, 0.2), /sleep 60: stopped after 0\.2 s/));
});
